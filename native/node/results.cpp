#include "results.hpp"

#include <cstring>
#include <string>

#include "status.hpp"

namespace fewpoints::node {
namespace {

struct Constructors {
  Napi::FunctionReference float64_array, uint32_array;
};

template <class T>
Napi::Value array_of(const Napi::FunctionReference& constructor, const std::vector<T>& values) {
  const Napi::Env env = constructor.Env();
  try {
    const Napi::Value array = constructor.New({Napi::Number::New(env, static_cast<double>(values.size()))});
    if (!values.empty())
      std::memcpy(array.As<Napi::TypedArrayOf<T>>().Data(), values.data(), values.size() * sizeof(T));
    return array;
  } catch (const Napi::Error&) {
    throw Error(Code::Memory,
                "not enough memory for a result of " + std::to_string(values.size() * sizeof(T)) + " bytes");
  }
}

}  // namespace

void keep_constructors(Napi::Env env) {
  env.SetInstanceData(new Constructors{Napi::Persistent(env.Global().Get("Float64Array").As<Napi::Function>()),
                                       Napi::Persistent(env.Global().Get("Uint32Array").As<Napi::Function>())});
}

Napi::Value to_array(Napi::Env env, const std::vector<double>& values) {
  return array_of(env.GetInstanceData<Constructors>()->float64_array, values);
}
Napi::Value to_array(Napi::Env env, const std::vector<std::uint32_t>& values) {
  return array_of(env.GetInstanceData<Constructors>()->uint32_array, values);
}

}  // namespace fewpoints::node
