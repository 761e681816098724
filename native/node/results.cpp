#include "results.hpp"

#include <string>

#include "base/narrow.hpp"
#include "base/status.hpp"
#include "environment.hpp"

namespace fewpoints::node {
namespace {

// The function of this name that an array without elements has. Making one runs no JavaScript and needs no memory.
Napi::FunctionReference function_of(Napi::Env env, napi_typedarray_type type, const char* name) {
  napi_value buffer, array, prototype;
  void* data;
  if (napi_create_arraybuffer(env, 0, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, type, 0, buffer, 0, &array) != napi_ok ||
      napi_get_prototype(env, array, &prototype) != napi_ok)
    throw Napi::Error::New(env);
  return Napi::Persistent(Napi::Object(env, prototype).Get(name).As<Napi::Function>());
}

bool is_range_error(Napi::Env env, const Napi::Error& error) {
  return !error.IsEmpty() && error.Value().InstanceOf(env.Global().Get("RangeError").As<Napi::Function>());
}

struct Zeros {
  Napi::Value value;
  TypedArray array;
};

Zeros zeros(const Napi::FunctionReference& constructor, napi_typedarray_type wanted, std::size_t count) {
  const Napi::Env env = constructor.Env();
  Napi::Value value;
  try {
    value = constructor.New({Napi::Number::New(env, static_cast<double>(count))});
  } catch (const Napi::Error& error) {
    // The engine's constructors refuse a valid length only when there is not enough memory.
    if (!is_range_error(env, error)) throw;
    const std::size_t size = wanted == napi_float64_array ? sizeof(double) : sizeof(std::uint32_t);
    throw Error(Code::Memory, "not enough memory for a result of " + std::to_string(product(count, size)) + " bytes");
  }
  if (value.IsTypedArray()) {
    const TypedArray array(value);
    if (array.type == wanted && array.length == count) return {value, array};
  }
  throw Napi::TypeError::New(
      env, "the constructor of typed arrays was replaced by one that does not make the array asked for");
}

ResultArray result_array(const Napi::FunctionReference& constructor, napi_typedarray_type type, std::size_t length) {
  const Zeros made = zeros(constructor, type, length);
  return ResultArray(made.value, made.array, length);
}

template <class T>
Napi::Value array_of(const Napi::FunctionReference& constructor, napi_typedarray_type type,
                     const std::vector<T>& values) {
  const Zeros made = zeros(constructor, type, values.size());
  write_elements(made.array, 0, values.size(), values.data());
  return made.value;
}

}  // namespace

Arrays::Arrays(Napi::Env env)
    : float64_(function_of(env, napi_float64_array, "constructor")),
      uint32_(function_of(env, napi_uint32_array, "constructor")),
      set_(function_of(env, napi_uint8_array, "set")) {}

Napi::Value Arrays::of(const std::vector<double>& values) const {
  return array_of(float64_, napi_float64_array, values);
}
Napi::Value Arrays::of(const std::vector<std::uint32_t>& values) const {
  return array_of(uint32_, napi_uint32_array, values);
}

ResultArray Arrays::doubles(std::size_t length) const { return result_array(float64_, napi_float64_array, length); }
ResultArray Arrays::uint32s(std::size_t length) const { return result_array(uint32_, napi_uint32_array, length); }

Napi::Value to_array(Napi::Env env, const std::vector<double>& values) {
  return Environment::of(env).arrays.of(values);
}
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values) {
  return Environment::of(env).arrays.of(values);
}

}  // namespace fewpoints::node
