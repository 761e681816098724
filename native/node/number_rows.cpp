#include "number_rows.hpp"

#include "arguments.hpp"
#include "base/narrow.hpp"
#include "base/status.hpp"
#include "errors.hpp"
#include "text/number_rows.hpp"

namespace fewpoints::node {
namespace {

// The typed array `name` of `input`. Nothing of JavaScript runs while it is used.
TypedArray read_array(const Napi::Object& input, const char* name, napi_typedarray_type type) {
  const Napi::Value value = input.Get(name);
  if (value.IsTypedArray()) {
    const TypedArray array(value);
    if (array.type == type) return array;
  }
  throw WrongKind("ERR_SHAPE", std::string(name) + " is an array of another type");
}

// Elements of a typed array that are read.
template <class Element>
class Read {
 public:
  explicit Read(const TypedArray& array) : Read(array, 0, array.length) {}
  Read(const TypedArray& array, std::size_t first, std::size_t count)
      : elements_(Elements::of(array, first, count)), count_(count) {}
  std::span<const Element> span() { return {static_cast<const Element*>(elements_.data()), count_}; }

 private:
  Elements elements_;
  std::size_t count_;
};

// Elements from `first` on that are written.
template <class Element>
class Written {
 public:
  Written(const TypedArray& array, std::size_t first, std::size_t count)
      : array_(array), first_(first), elements_(Elements::unread(array, first, count)) {}
  Element* data() { return static_cast<Element*>(elements_.data()); }
  void put(std::size_t count) const { elements_.put(array_, first_, count); }

 private:
  TypedArray array_;
  std::size_t first_;
  Elements elements_;
};

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

  const TypedArray slots = read_array(input, "slots", napi_int32_array);
  const TypedArray keep = read_array(input, "keep", napi_int32_array);
  const TypedArray missing = read_array(input, "missing", napi_float64_array);
  const TypedArray bytes = read_array(input, "bytes", napi_uint8_array);
  const TypedArray points = read_array(input, "points", napi_float64_array);
  const TypedArray weights = read_array(input, "weights", napi_float64_array);
  const TypedArray spans = read_array(input, "spans", napi_uint32_array);
  // No JavaScript of the caller's runs from here on.
  Read<std::int32_t> slots_read(slots), keep_read(keep);
  Read<double> missing_read(missing);
  format.slots = slots_read.span();
  format.keep = keep_read.span();
  format.missing = missing_read.span();
  check(begin <= end && end <= bytes.length, "the bytes end before");
  check(format.slots.size() == format.keep.size() && !format.slots.empty(), "one slot per column is expected");
  check(row <= most && points.length >= product(most, format.width), "the points have no room for the rows");
  check(all_below(format.slots, format.width + (weights.length >= most ? 1 : 0)), "a slot is beyond the row");
  check(all_below(format.keep, format.kept), "a text has no place");
  check(spans.length >= product(most - row, format.kept, 2), "the spans have no room for the rows");

  Read<char> text(bytes, begin, end - begin);
  const bool has_weights = weights.length > 0 && weights.length >= most;
  Written<double> points_to(points, product(row, format.width), product(most - row, format.width));
  Written<double> weights_to(weights, row, has_weights ? most - row : 0);
  Written<std::uint32_t> spans_to(spans, 0, product(most - row, format.kept, 2));
  const RowTarget target{points_to.data(), has_weights ? weights_to.data() : nullptr, spans_to.data()};
  const RowsRead read = read_number_rows(text.span(), 0, last, format, most - row, target);
  const std::size_t places = product(read.rows, format.kept, 2);
  for (std::size_t i = 0; i < places; i++) target.spans[i] += narrow<std::uint32_t>(begin);  // places in the array
  points_to.put(product(read.rows, format.width));
  if (has_weights) weights_to.put(read.rows);
  spans_to.put(places);
  Napi::Object out = Napi::Object::New(env);
  out.Set("rows", static_cast<double>(read.rows));
  out.Set("end", static_cast<double>(begin + read.end));
  out.Set("lines", static_cast<double>(read.lines));
  out.Set("stop", read.stop == RowStop::Full ? "full" : read.stop == RowStop::More ? "more" : "other");
  return out;
}

}  // namespace

Napi::Value number_rows(const Napi::CallbackInfo& call) {
  return or_error(call.Env(), "numberRows", 0, [&] { return read_rows(call.Env(), read_object(call[0], "input")); });
}

}  // namespace fewpoints::node
