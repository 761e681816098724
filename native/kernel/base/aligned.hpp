// Memory that is aligned to 64 bytes.
#pragma once
#include <cstddef>
#include <cstdlib>
#ifdef _WIN32
#include <malloc.h>
#endif

namespace fewpoints {

// With undefined content. nullptr when there is no memory. bytes: a multiple of 64.
inline void* take_aligned(std::size_t bytes) noexcept {
#ifdef _WIN32
  return _aligned_malloc(bytes, 64);
#else
  return std::aligned_alloc(64, bytes);
#endif
}

inline void give_aligned(void* block) noexcept {
#ifdef _WIN32
  _aligned_free(block);
#else
  std::free(block);
#endif
}

}  // namespace fewpoints
