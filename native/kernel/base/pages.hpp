// Large blocks of memory, straight from the system. They go back to it as a whole. The C library would keep them in its
// heaps, where blocks of megabytes that come and go on two threads leave holes: a process of many calls grew to several
// times what it needed. A few blocks stay for the next call, because the first touch of a page costs as much as a copy.
#pragma once
#include <cstddef>

namespace fewpoints {

// Blocks of at least this many bytes are large.
constexpr std::size_t kLargeBlock = std::size_t{1} << 20;
// The most that stays for the next call.
constexpr std::size_t kKeptPages = std::size_t{32} << 20;

// Aligned to 64 bytes, with undefined content. nullptr when there is no memory.
void* take_pages(std::size_t bytes) noexcept;
// bytes: as they were asked for.
void give_pages(void* block, std::size_t bytes) noexcept;

}  // namespace fewpoints
