#include "results.hpp"

#include <algorithm>
#include <string>

#include "base/status.hpp"
#include "environment.hpp"

namespace fewpoints::node {
namespace {

// Takes the constructor from an array without elements: making one runs no JavaScript and needs no memory.
Napi::FunctionReference constructor_of(Napi::Env env, napi_typedarray_type type) {
  napi_value buffer, array, prototype;
  void* data;
  if (napi_create_arraybuffer(env, 0, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, type, 0, buffer, 0, &array) != napi_ok ||
      napi_get_prototype(env, array, &prototype) != napi_ok)
    throw Napi::Error::New(env);
  return Napi::Persistent(Napi::Object(env, prototype).Get("constructor").As<Napi::Function>());
}

bool is_range_error(Napi::Env env, const Napi::Error& error) {
  return !error.IsEmpty() && error.Value().InstanceOf(env.Global().Get("RangeError").As<Napi::Function>());
}

template <class T>
Napi::Value zeros(const Napi::FunctionReference& constructor, napi_typedarray_type wanted, std::size_t count,
                  T*& elements) {
  const Napi::Env env = constructor.Env();
  const std::string bytes = std::to_string(count * sizeof(T)) + " bytes";
  Napi::Value array;
  try {
    array = constructor.New({Napi::Number::New(env, static_cast<double>(count))});
  } catch (const Napi::Error& error) {
    // The engine's constructors refuse a valid length only when there is not enough memory.
    if (is_range_error(env, error)) throw Error(Code::Memory, "not enough memory for a result of " + bytes);
    throw;
  }
  napi_typedarray_type type{};
  std::size_t length = 0;
  void* data = nullptr;
  if (!array.IsTypedArray() ||
      napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr) != napi_ok || type != wanted ||
      length != count)
    throw Napi::TypeError::New(
        env, "the constructor of typed arrays was replaced by one that does not make the array asked for");
  elements = static_cast<T*>(data);
  return array;
}

template <class T>
Napi::Value array_of(const Napi::FunctionReference& constructor, napi_typedarray_type type,
                     const std::vector<T>& values) {
  T* elements = nullptr;
  const Napi::Value array = zeros(constructor, type, values.size(), elements);
  std::copy(values.begin(), values.end(), elements);
  return array;
}

}  // namespace

Arrays::Arrays(Napi::Env env)
    : float64_(constructor_of(env, napi_float64_array)), uint32_(constructor_of(env, napi_uint32_array)) {}

Napi::Value Arrays::of(const std::vector<double>& values) const {
  return array_of(float64_, napi_float64_array, values);
}
Napi::Value Arrays::of(const std::vector<std::uint32_t>& values) const {
  return array_of(uint32_, napi_uint32_array, values);
}

Napi::Value Arrays::doubles(std::size_t length, double*& elements) const {
  return zeros(float64_, napi_float64_array, length, elements);
}
Napi::Value Arrays::uint32s(std::size_t length, std::uint32_t*& elements) const {
  return zeros(uint32_, napi_uint32_array, length, elements);
}

Napi::Value to_array(Napi::Env env, const std::vector<double>& values) {
  return Environment::of(env).arrays.of(values);
}
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values) {
  return Environment::of(env).arrays.of(values);
}

}  // namespace fewpoints::node
