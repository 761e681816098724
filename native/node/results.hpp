// Results for JavaScript: ordinary arrays of V8's. JavaScript's own constructors make them, because
// napi_create_arraybuffer ends the process when there is not enough memory.
#pragma once
#include <napi.h>

#include <cstdint>
#include <vector>

namespace fewpoints::node {

// The constructors of one environment. They are those of the engine, whatever globalThis.Float64Array has been made to
// be. A prototype may have been given another constructor, too, so each array is checked before it is written to.
class Arrays {
 public:
  explicit Arrays(Napi::Env env);
  // Throws Error Memory, and whatever JavaScript throws.
  Napi::Value of(const std::vector<double>& values) const;
  Napi::Value of(const std::vector<std::uint32_t>& values) const;

 private:
  Napi::FunctionReference float64_, uint32_;
};

// A Float64Array, a Uint32Array. Throws Error Memory, and whatever JavaScript throws.
Napi::Value to_array(Napi::Env env, const std::vector<double>& values);
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values);

}  // namespace fewpoints::node
