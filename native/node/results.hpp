// Makes the results for JavaScript: ordinary arrays of V8's. JavaScript's own constructors make them, because
// napi_create_arraybuffer ends the process when there is not enough memory.
#pragma once
#include <napi.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "elements.hpp"

namespace fewpoints::node {

// An array of zeros that is being filled.
class ResultArray {
 public:
  ResultArray() = default;
  ResultArray(Napi::Value value, const TypedArray& array, std::size_t length)
      : value_(value), array_(array), elements_(Elements::unread(array, 0, length)), length_(length) {}
  // Where to write. Valid until finish().
  void* elements() { return elements_.data(); }
  Napi::Value finish() const {
    elements_.put(*array_, 0, length_);
    return value_;
  }

 private:
  Napi::Value value_;
  std::optional<TypedArray> array_;
  Elements elements_;
  std::size_t length_ = 0;
};

// The constructors of one environment. They are those of the engine, even when globalThis.Float64Array was replaced.
// The constructor of a prototype can be replaced as well, so each array is checked before it is written to.
class Arrays {
 public:
  explicit Arrays(Napi::Env env);
  // Throws Error Memory, and whatever JavaScript throws.
  Napi::Value of(const std::vector<double>& values) const;
  Napi::Value of(const std::vector<std::uint32_t>& values) const;
  ResultArray doubles(std::size_t length) const;
  ResultArray uint32s(std::size_t length) const;
  // The method of typed arrays that copies elements.
  const Napi::FunctionReference& set() const { return set_; }

 private:
  Napi::FunctionReference float64_, uint32_, set_;
};

// A Float64Array or a Uint32Array. Throws Error Memory, and whatever JavaScript throws.
Napi::Value to_array(Napi::Env env, const std::vector<double>& values);
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values);

}  // namespace fewpoints::node
