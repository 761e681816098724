// Reads the arguments that TypeScript passes. TypeScript has checked shapes and options, and its errors explain what is
// wrong. This code checks again only what would corrupt memory: the types of arrays, their lengths, ranges of integers.
//
// Lifetime: a view points into memory of V8's that JavaScript may detach or shrink as soon as it runs again. So
// everything is read from the objects first (getters may run), then view() is called, and the views are copied before
// anything else is done. Shared memory may even change while it is copied. So the kernel validates the copy. In
// WebAssembly a view points into memory of the argument, and ends with it.
#pragma once
#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <vector>

#include "elements.hpp"
#include "points/point_set.hpp"

namespace fewpoints::node {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;  // up to this, a double can hold every whole number

// Throws WrongKind ERR_SHAPE.
Napi::Object read_object(const Napi::Value& value, const char* name);

// A Float64Array or Float32Array.
class NumbersArgument {
 public:
  // Throws WrongKind ERR_SHAPE. name: the name of the array in messages.
  NumbersArgument(const Napi::Value& value, const char* name);
  // The array as it is now; its length is 0 when it lies beyond the end of its resizable buffer. Throws WrongKind
  // ERR_DETACHED.
  TypedArray now() const;
  // Its elements [first, first + count), which must be in range.
  NumbersView view(const TypedArray& array, std::size_t first, std::size_t count) const;

 private:
  const char* name_;
  Napi::Value array_;
  mutable Elements elements_;  // what the view points to
};

// The property `name` of `input`, an object of the boundary's type NativePoints.
class PointsArgument {
 public:
  // Throws WrongKind, Error Shape.
  PointsArgument(const Napi::Object& input, const char* name)
      : PointsArgument(name, read_object(input.Get(name), name)) {}
  // Throws WrongKind ERR_DETACHED, and Error Shape when any element lies outside of the array.
  PointsView view() const;
  std::size_t count() const { return count_; }
  int dimension() const { return dimension_; }

 private:
  PointsArgument(const char* name, const Napi::Object& points);
  const char* name_;
  NumbersArgument numbers_;
  std::size_t count_;
  int dimension_;
  std::int64_t offset_, row_stride_, column_stride_;
};

// The optional property `name` of `input`: a list of numbers of known length.
class OptionalNumbers {
 public:
  OptionalNumbers(const Napi::Object& input, const char* name);
  // data is nullptr when the property is undefined. Throws WrongKind ERR_DETACHED, Error Shape.
  NumbersView view(std::size_t count) const;
  bool given() const { return numbers_.has_value(); }

 private:
  const char* name_;
  std::optional<NumbersArgument> numbers_;
};

// The count as a size. Throws std::bad_alloc when so many things have no room in the address space.
std::size_t to_size(std::int64_t count);

// The whole number `name` of `input`. Throws Error Option when it is not one, or is outside [low, high]. Both bounds
// must be within 2^53 of 0.
std::int64_t read_integer(const Napi::Object& input, const char* name, std::int64_t low, std::int64_t high);

// The number `name` of `input`. Throws Error Option when it is not a number, or NaN.
double read_number(const Napi::Object& input, const char* name);

// The index in `words` of the property `name` of `input`. Throws Error Option when it is none of them.
std::size_t read_word(const Napi::Object& input, const char* name, std::initializer_list<const char*> words);

// The property `threads` of `input`: how many threads may be used.
int read_threads(const Napi::Object& input);

// The optional Float64Array `name` of `input`, copied; empty when undefined. Throws WrongKind, Error Shape.
List<double> read_list(const Napi::Object& input, const char* name, std::size_t count);

}  // namespace fewpoints::node
