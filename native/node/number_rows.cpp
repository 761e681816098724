#include "number_rows.hpp"

#include "arguments.hpp"
#include "base/narrow.hpp"
#include "base/status.hpp"
#include "errors.hpp"
#include "text/number_rows.hpp"

namespace fewpoints::node {
namespace {

// The typed array `name` of `input`, in the memory of V8. Nothing of JavaScript runs while it is used.
template <class Array, class Element>
std::span<Element> view(const Napi::Object& input, const char* name, napi_typedarray_type type) {
  const Napi::Value value = input.Get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    throw WrongKind("ERR_SHAPE", std::string(name) + " is an array of another type");
  Array array = value.As<Array>();
  return {reinterpret_cast<Element*>(array.Data()), array.ElementLength()};
}

char read_character(const Napi::Object& input, const char* name) {
  return static_cast<char>(read_integer(input, name, 0, 127));
}

void check(bool holds, const char* what) {
  if (!holds) throw Error(Code::Shape, what);
}

bool all_below(std::span<const std::int32_t> places, int limit) {
  for (const std::int32_t place : places)
    if (place >= limit) return false;
  return true;
}

Napi::Value read_rows(const Napi::Env& env, const Napi::Object& input) {
  RowFormat format{};
  format.newline = read_character(input, "newline");
  format.delimiter = read_character(input, "delimiter");
  format.comment = read_character(input, "comment");
  format.trailing = input.Get("trailing").ToBoolean();
  format.width = static_cast<int>(read_integer(input, "width", 0, kMaxInt));
  format.kept = static_cast<int>(read_integer(input, "kept", 0, kMaxInt));
  const bool last = input.Get("last").ToBoolean();
  const auto most = narrow<std::size_t>(read_integer(input, "most", 0, kMaxInt));
  const auto row = narrow<std::size_t>(read_integer(input, "row", 0, kMaxInt));
  const auto begin = narrow<std::size_t>(read_integer(input, "begin", 0, kMaxInt));
  const auto end = narrow<std::size_t>(read_integer(input, "end", 0, kMaxInt));

  format.slots = view<Napi::Int32Array, const std::int32_t>(input, "slots", napi_int32_array);
  format.keep = view<Napi::Int32Array, const std::int32_t>(input, "keep", napi_int32_array);
  format.missing = view<Napi::Float64Array, const double>(input, "missing", napi_float64_array);
  const auto bytes = view<Napi::Uint8Array, const char>(input, "bytes", napi_uint8_array);
  const auto points = view<Napi::Float64Array, double>(input, "points", napi_float64_array);
  const auto weights = view<Napi::Float64Array, double>(input, "weights", napi_float64_array);
  const auto spans = view<Napi::Uint32Array, std::uint32_t>(input, "spans", napi_uint32_array);
  check(begin <= end && end <= bytes.size(), "the bytes end before");
  check(format.slots.size() == format.keep.size() && !format.slots.empty(), "one slot per column is expected");
  check(row <= most && points.size() >= product(most, format.width), "the points have no room for the rows");
  check(all_below(format.slots, format.width + (weights.size() >= most ? 1 : 0)), "a slot is beyond the row");
  check(all_below(format.keep, format.kept), "a text has no place");
  check(spans.size() >= product(most - row, format.kept, 2), "the spans have no room for the rows");

  const RowTarget target{points.data() + product(row, format.width), weights.empty() ? nullptr : weights.data() + row,
                         spans.data()};
  const RowsRead read = read_number_rows(bytes.first(end), begin, last, format, most - row, target);
  Napi::Object out = Napi::Object::New(env);
  out.Set("rows", static_cast<double>(read.rows));
  out.Set("end", static_cast<double>(read.end));
  out.Set("lines", static_cast<double>(read.lines));
  out.Set("stop", read.stop == RowStop::Full ? "full" : read.stop == RowStop::More ? "more" : "other");
  return out;
}

}  // namespace

Napi::Value number_rows(const Napi::CallbackInfo& call) {
  try {
    return read_rows(call.Env(), read_object(call[0], "input"));
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_error(call.Env(), std::current_exception(), "numberRows", 0);
  }
}

}  // namespace fewpoints::node
