#include <cstring>

#include "elements.hpp"

namespace fewpoints::node {

TypedArray::TypedArray(const Napi::Value& value) : env(value.Env()) {
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr) != napi_ok)
    throw Napi::Error::New(env);
}

void write_elements(const TypedArray& array, std::size_t first, std::size_t count, const void* from) {
  const std::size_t size = array.element_size();
  if (count > 0) std::memcpy(static_cast<char*>(array.data) + first * size, from, count * size);
}

}  // namespace fewpoints::node
