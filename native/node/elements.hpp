// The elements of typed arrays, as memory of C++. In Node they lie in V8's memory, and are used in place
// (elements_in_place.cpp). JavaScript's arrays lie outside of the memory of a WebAssembly module, so there the elements
// are copied in, and back (elements_copied.cpp).
#pragma once
#include <napi.h>

#include <cstddef>

#ifdef __wasm__
#include "base/array.hpp"
#endif

namespace fewpoints::node {

// A typed array as it is at this moment. It may become another one as soon as JavaScript runs.
struct TypedArray {
  // Throws Napi::Error. array must be a typed array.
  explicit TypedArray(const Napi::Value& array);
  bool is_detached() const;
  std::size_t element_size() const;

  Napi::Env env;
#ifdef __wasm__
  napi_value value;
#endif
  napi_typedarray_type type{};
  std::size_t length = 0;
  napi_value buffer = nullptr;
#ifdef __wasm__
  std::size_t byte_offset = 0;
#else
  void* data = nullptr;
#endif
};

// Writes to the elements from `first` on. They must be in range.
void write_elements(const TypedArray& array, std::size_t first, std::size_t count, const void* from);

#ifdef __wasm__
constexpr bool kElementsInPlace = false;

class Elements {
 public:
  Elements() = default;
  // What the elements [first, first + count) hold now. They must be in range. Throws Error Memory, Napi::Error.
  static Elements of(const TypedArray& array, std::size_t first, std::size_t count);
  // The same, to be written; what they hold is not copied.
  static Elements unread(const TypedArray& array, std::size_t first, std::size_t count);
  void* data() { return memory_.data(); }
  // Puts the first `count` elements into the array.
  void put(const TypedArray& array, std::size_t first, std::size_t count) const {
    write_elements(array, first, count, memory_.data());
  }

 private:
  Array<double> memory_;
};
#else
constexpr bool kElementsInPlace = true;

class Elements {
 public:
  Elements() = default;
  static Elements of(const TypedArray& array, std::size_t first, std::size_t) {
    Elements elements;
    elements.data_ = static_cast<char*>(array.data) + first * array.element_size();
    return elements;
  }
  static Elements unread(const TypedArray& array, std::size_t first, std::size_t count) {
    return of(array, first, count);
  }
  void* data() { return data_; }
  void put(const TypedArray&, std::size_t, std::size_t) const {}

 private:
  void* data_ = nullptr;
};
#endif

}  // namespace fewpoints::node
