#include "arguments.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "errors.hpp"

namespace fewpoints::node {
namespace {

// The result numbers rows in 32 bits.
constexpr std::int64_t kMaxRows = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kMaxThreads = 1024;

std::string text(const std::string& name, const char* rest) { return name + rest; }

}  // namespace

Napi::Object read_object(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) throw WrongKind("ERR_SHAPE", text(name, " must be an object"));
  return value.As<Napi::Object>();
}

std::int64_t read_integer(const Napi::Object& input, const char* name, std::int64_t low, std::int64_t high) {
  const Napi::Value value = input.Get(name);
  // Read as a double: Node-API's own integers silently turn 2^32 + 5 into 5 and NaN into 0.
  const double x = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::numeric_limits<double>::quiet_NaN();
  if (!(x >= static_cast<double>(low) && x <= static_cast<double>(high)) || x != std::floor(x)) {
    char got[40];
    std::snprintf(got, sizeof got, "%.17g", x);
    throw Error(Code::Option, text(name, " must be a whole number from ") + std::to_string(low) + " to " +
                                  std::to_string(high) + ", got " + got);
  }
  return static_cast<std::int64_t>(x);
}

std::size_t to_size(std::int64_t count) {
  if (!std::in_range<std::size_t>(count)) throw std::bad_alloc();
  return static_cast<std::size_t>(count);
}

double read_number(const Napi::Object& input, const char* name) {
  const Napi::Value value = input.Get(name);
  const double x = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::numeric_limits<double>::quiet_NaN();
  if (std::isnan(x)) throw Error(Code::Option, text(name, " must be a number"));
  return x;
}

std::size_t read_word(const Napi::Object& input, const char* name, std::initializer_list<const char*> words) {
  const Napi::Value value = input.Get(name);
  const std::string word = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  std::size_t i = 0;
  for (const char* known : words) {
    if (word == known) return i;
    i++;
  }
  throw Error(Code::Option, text(name, " is none of the words that it can be"));
}

int read_threads(const Napi::Object& input) { return static_cast<int>(read_integer(input, "threads", 1, kMaxThreads)); }

NumbersArgument::NumbersArgument(const Napi::Value& value, const char* name) : name_(name), array_(value) {
  if (value.IsTypedArray()) {
    const napi_typedarray_type type = value.As<Napi::TypedArray>().TypedArrayType();
    if (type == napi_float64_array || type == napi_float32_array) return;
  }
  throw WrongKind("ERR_SHAPE", text(name, " must be a Float64Array or Float32Array"));
}

TypedArray NumbersArgument::now() const {
  const TypedArray array(array_);
  if (array.is_detached()) throw WrongKind("ERR_DETACHED", text(name_, ": the array's buffer was transferred away"));
  return array;
}

NumbersView NumbersArgument::view(const TypedArray& array, std::size_t first, std::size_t count) const {
  elements_ = Elements::of(array, first, count);
  NumbersView view;
  view.data = elements_.data();
  view.is_float32 = array.type == napi_float32_array;
  return view;
}

PointsArgument::PointsArgument(const char* name, const Napi::Object& points)
    : name_(name), numbers_(points.Get("data"), name) {
  count_ = static_cast<std::size_t>(read_integer(points, "count", 1, kMaxRows));
  dimension_ = static_cast<int>(read_integer(points, "dimension", 1, kMaxInt));
  offset_ = read_integer(points, "offset", 0, kMaxExact);
  row_stride_ = read_integer(points, "rowStride", -kMaxExact, kMaxExact);
  column_stride_ = read_integer(points, "columnStride", -kMaxExact, kMaxExact);
}

PointsView PointsArgument::view() const {
  const TypedArray array = numbers_.now();
  // An address is linear in row and column, so its extremes are at the corners. The products of numbers of 53 bits need
  // 128 bits.
  const __int128 last_row = static_cast<__int128>(count_ - 1) * row_stride_;
  const __int128 last_column = static_cast<__int128>(dimension_ - 1) * column_stride_;
  __int128 low = offset_, high = offset_;
  (last_row < 0 ? low : high) += last_row;
  (last_column < 0 ? low : high) += last_column;
  if (low < 0 || high >= static_cast<__int128>(array.length))
    throw Error(Code::Shape, text(name_, ": elements outside the array, which has ") + std::to_string(array.length));
  const auto first = static_cast<std::size_t>(low);
  PointsView view;
  view.numbers = numbers_.view(array, first, static_cast<std::size_t>(high) - first + 1);
  const std::size_t before = (static_cast<std::size_t>(offset_) - first) * array.element_size();
  view.numbers.data = static_cast<const char*>(view.numbers.data) + before;
  view.numbers.stride = static_cast<std::ptrdiff_t>(column_stride_);
  view.row_stride = static_cast<std::ptrdiff_t>(row_stride_);
  view.count = count_;
  view.dimension = dimension_;
  return view;
}

OptionalNumbers::OptionalNumbers(const Napi::Object& input, const char* name) : name_(name) {
  const Napi::Value value = input.Get(name);
  if (!value.IsUndefined()) numbers_.emplace(value, name);
}

NumbersView OptionalNumbers::view(std::size_t count) const {
  if (!numbers_) return {};
  const TypedArray array = numbers_->now();
  if (array.length != count)
    throw Error(Code::Shape,
                text(name_, " must have ") + std::to_string(count) + " numbers, got " + std::to_string(array.length));
  return numbers_->view(array, 0, count);
}

List<double> read_list(const Napi::Object& input, const char* name, std::size_t count) {
  const OptionalNumbers list(input, name);
  List<double> copy;
  if (!list.given()) return copy;
  const NumbersView view = list.view(count);
  copy.resize(count);
  for (std::size_t i = 0; i < count; i++) copy[i] = view[static_cast<std::ptrdiff_t>(i)];
  return copy;
}

}  // namespace fewpoints::node
