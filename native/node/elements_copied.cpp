#include <emnapi.h>

#include <algorithm>
#include <new>
#include <string>

#include "base/narrow.hpp"
#include "base/status.hpp"
#include "elements.hpp"
#include "environment.hpp"

namespace fewpoints::node {
namespace {

// emnapi makes no view of 2^31 bytes or more.
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

void check(napi_env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

napi_value bytes_of_array(const TypedArray& array, std::size_t first, std::size_t bytes) {
  napi_value view;
  check(array.env,
        napi_create_typedarray(array.env, napi_uint8_array, bytes, array.buffer, array.byte_offset + first, &view));
  return view;
}

napi_value view_of_module(napi_env env, napi_typedarray_type type, const void* at, std::size_t bytes) {
  napi_value view;
  const auto same_type = static_cast<emnapi_memory_view_type>(type);
  check(env, emnapi_create_memory_view(env, same_type, const_cast<void*>(at), bytes, nullptr, nullptr, &view));
  return view;
}

// Copies bytes between the array and the module, in pieces. kIn: into the module.
template <bool kIn>
void copy_bytes(const TypedArray& array, std::size_t first, std::size_t bytes, char* at) {
  const Napi::FunctionReference& set = Environment::of(array.env).arrays.set();
  if (first == 0 && bytes == array.length * array.element_size() && bytes <= kMostBytes) {
    // All at once, without another view of the array. emnapi makes none of an array of another realm.
    const napi_value inside = view_of_module(array.env, array.type, at, bytes);
    kIn ? set.Call(inside, {array.value}) : set.Call(array.value, {inside});
    return;
  }
  for (std::size_t done = 0; done < bytes; done += kMostBytes) {
    const Napi::HandleScope scope(array.env);
    const std::size_t piece = std::min(bytes - done, kMostBytes);
    napi_value outside = bytes_of_array(array, first + done, piece);
    napi_value inside = view_of_module(array.env, napi_uint8_array, at + done, piece);
    if (!kIn) std::swap(outside, inside);
    set.Call(inside, {outside});
  }
}

}  // namespace

TypedArray::TypedArray(const Napi::Value& array) : env(array.Env()), value(array) {
  // The pointer to the data is not asked for: emnapi would copy the whole buffer, and keep the copy as long as the
  // buffer lives.
  if (napi_get_typedarray_info(env, array, &type, &length, nullptr, &buffer, &byte_offset) != napi_ok)
    throw Napi::Error::New(env);
}

void write_elements(const TypedArray& array, std::size_t first, std::size_t count, const void* from) {
  const std::size_t size = array.element_size();
  copy_bytes<false>(array, first * size, count * size, static_cast<char*>(const_cast<void*>(from)));
}

Elements Elements::unread(const TypedArray& array, std::size_t, std::size_t count) {
  Elements elements;
  try {
    elements.memory_.reset(product(count, array.element_size()) / sizeof(double) + 1);
  } catch (const std::bad_alloc&) {
    const double bytes = static_cast<double>(count) * static_cast<double>(array.element_size());
    throw Error(Code::Memory,
                "not enough memory for a copy of " + std::to_string(static_cast<std::uint64_t>(bytes)) + " bytes");
  }
  return elements;
}

Elements Elements::of(const TypedArray& array, std::size_t first, std::size_t count) {
  Elements elements = unread(array, first, count);
  const std::size_t size = array.element_size();
  copy_bytes<true>(array, first * size, count * size, static_cast<char*>(elements.data()));
  return elements;
}

}  // namespace fewpoints::node
