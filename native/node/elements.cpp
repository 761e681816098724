#include "elements.hpp"

namespace fewpoints::node {

// False for a SharedArrayBuffer, which cannot be detached.
bool TypedArray::is_detached() const {
  bool detached = false;
  napi_is_detached_arraybuffer(env, buffer, &detached);
  return detached;
}

std::size_t TypedArray::element_size() const {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: return 1;
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    default: return 8;
  }
}

}  // namespace fewpoints::node
