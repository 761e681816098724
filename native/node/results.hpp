// What goes back to JavaScript: ordinary arrays of V8's. Made by the environment's own constructors, because
// napi_create_arraybuffer ends the process when there is not enough memory.
#pragma once
#include <napi.h>

#include <cstdint>
#include <vector>

namespace fewpoints::node {

// Once for each environment, before any array is made.
void keep_constructors(Napi::Env env);

// A Float64Array, a Uint32Array. Throws Error Memory.
Napi::Value to_array(Napi::Env env, const std::vector<double>& values);
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values);

}  // namespace fewpoints::node
