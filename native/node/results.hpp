// Makes the results for JavaScript: ordinary arrays of V8's. JavaScript's own constructors make them, because
// napi_create_arraybuffer ends the process when there is not enough memory.
#pragma once
#include <napi.h>

#include <cstdint>
#include <vector>

namespace fewpoints::node {

// The constructors of one environment. They are those of the engine, even when globalThis.Float64Array was replaced.
// The constructor of a prototype can be replaced as well, so each array is checked before it is written to.
class Arrays {
 public:
  explicit Arrays(Napi::Env env);
  // Throws Error Memory, and whatever JavaScript throws.
  Napi::Value of(const std::vector<double>& values) const;
  Napi::Value of(const std::vector<std::uint32_t>& values) const;
  // Arrays of zeros, and where to write their elements. They are valid as long as the array is.
  Napi::Value doubles(std::size_t length, double*& elements) const;
  Napi::Value uint32s(std::size_t length, std::uint32_t*& elements) const;

 private:
  Napi::FunctionReference float64_, uint32_;
};

// A Float64Array or a Uint32Array. Throws Error Memory, and whatever JavaScript throws.
Napi::Value to_array(Napi::Env env, const std::vector<double>& values);
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values);

}  // namespace fewpoints::node
