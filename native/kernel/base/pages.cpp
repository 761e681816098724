#include "base/pages.hpp"

#include <array>
#include <cstddef>
#include <mutex>
#include <new>

#include "base/aligned.hpp"

// The address sanitizer sees what the C library gives.
#if defined(__SANITIZE_ADDRESS__)
#define FEWPOINTS_PAGES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FEWPOINTS_PAGES 0
#endif
#endif
#ifndef FEWPOINTS_PAGES
#ifdef __linux__
#define FEWPOINTS_PAGES 1
#include <sys/mman.h>
#else
#define FEWPOINTS_PAGES 0
#endif
#endif

namespace fewpoints {

#if FEWPOINTS_PAGES

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Steps of an eighth at most, so that calls of about one size find each other's blocks.
std::size_t rounded(std::size_t bytes) {
  std::size_t step = 4096;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

// Blocks from a huge page on begin at one. What lies before and behind goes back.
void* map(std::size_t bytes) noexcept {
  const std::size_t spare = bytes >= kHugePage ? kHugePage : 0;
  void* const all = mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  if (spare == 0) return all;
  auto* const start = static_cast<char*>(all);
  const std::size_t over = reinterpret_cast<std::size_t>(start) % kHugePage, before = over == 0 ? 0 : kHugePage - over;
  if (before > 0) munmap(start, before);
  if (spare - before > 0) munmap(start + before + bytes, spare - before);
  madvise(start + before, bytes, MADV_HUGEPAGE);  // advice only: a failure does not matter
  return start + before;
}

// The blocks that were given back last. Never destroyed: other threads may still work while the process ends.
struct Kept {
  std::mutex mutex;
  struct Block {
    void* start = nullptr;
    std::size_t bytes = 0;
  };
  std::array<Block, 64> blocks;  // the first `count`, the oldest first
  std::size_t count = 0, bytes = 0;

  void remove(std::size_t i) noexcept {
    bytes -= blocks[i].bytes;
    for (count--; i < count; i++) blocks[i] = blocks[i + 1];
  }
};

// In static storage, so that the first call needs no memory for it.
Kept& kept() noexcept {
  alignas(Kept) static std::byte storage[sizeof(Kept)];
  static auto* const all = new (storage) Kept;
  return *all;
}

}  // namespace

void* take_pages(std::size_t bytes) noexcept {
  const std::size_t whole = rounded(bytes);
  {
    Kept& all = kept();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (std::size_t i = all.count; i-- > 0;) {
      if (all.blocks[i].bytes != whole) continue;
      void* const found = all.blocks[i].start;
      all.remove(i);
      return found;
    }
  }
  return map(whole);
}

void give_pages(void* block, std::size_t bytes) noexcept {
  const std::size_t whole = rounded(bytes);
  if (whole > kKeptPages) {
    munmap(block, whole);
    return;
  }
  Kept& all = kept();
  const std::lock_guard<std::mutex> lock(all.mutex);
  while (all.count == all.blocks.size() || all.bytes + whole > kKeptPages) {
    munmap(all.blocks[0].start, all.blocks[0].bytes);
    all.remove(0);
  }
  all.blocks[all.count++] = {block, whole};
  all.bytes += whole;
}

#else

void* take_pages(std::size_t bytes) noexcept { return take_aligned((bytes + 63) / 64 * 64); }
void give_pages(void* block, std::size_t) noexcept { give_aligned(block); }

#endif

}  // namespace fewpoints
