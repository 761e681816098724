// Aligned arrays that are not initialised. They are aligned to 64 bytes, so that every vector load of the widest
// instruction set is aligned. They are padded by 16 elements, so that a kernel may read one whole vector past the end.
// Large arrays ask for huge pages: otherwise the first touch of a million rows costs as much as splitting them once.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/aligned.hpp"
#include "base/narrow.hpp"
#include "base/pages.hpp"

namespace fewpoints {

#ifdef FEWPOINTS_TESTS
// Where it is not negative, every byte of a new array. No result may depend on it (test/dirty_memory_test.cpp).
inline int dirt = -1;
#endif

template <class T>
class Array {
 public:
  static constexpr std::size_t kPadding = 16;
  Array() = default;
  // Any integer type is an index and a length, as in List.
  template <std::integral Integer>
  explicit Array(Integer count) {
    reset(count);
  }
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Array() { release(); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  // Drops the content. Throws std::bad_alloc.
  template <std::integral Integer>
  void reset(Integer count) {
    allocate(narrow<std::size_t>(count));
  }
  // Keeps the first `count` elements.
  template <std::integral Integer>
  void shrink(Integer count) {
    size_ = std::min(size_, narrow<std::size_t>(count));
  }
  void swap(Array& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  template <std::integral Integer>
  T& operator[](Integer i) {
    return data_[checked(usize(i))];
  }
  template <std::integral Integer>
  const T& operator[](Integer i) const {
    return data_[checked(usize(i))];
  }

 private:
  std::size_t checked(std::size_t i) const {
#ifdef _GLIBCXX_ASSERTIONS
    if (i >= size_ + kPadding) std::abort();
#endif
    return i;
  }
  void allocate(std::size_t count) {
    release();
    if (count > (static_cast<std::size_t>(-1) / 2) / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = ((count + kPadding) * sizeof(T) + 63) / 64 * 64;
    void* const block = bytes >= kLargeBlock ? take_pages(bytes) : take_aligned(bytes);
    if (block == nullptr) throw std::bad_alloc();
#ifdef FEWPOINTS_TESTS
    if (dirt >= 0) std::memset(block, dirt, bytes);
#endif
    data_ = static_cast<T*>(block);
    size_ = count;
    bytes_ = bytes;
  }
  void release() noexcept {
    if (bytes_ >= kLargeBlock)
      give_pages(data_, bytes_);
    else
      give_aligned(data_);
    data_ = nullptr;
    size_ = bytes_ = 0;
  }
  T* data_ = nullptr;
  std::size_t size_ = 0, bytes_ = 0;
};

}  // namespace fewpoints
