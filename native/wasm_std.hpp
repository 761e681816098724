// What emscripten 3.1.6 (libc++ 14) lacks of the standard library of C++20, as far as it is used here.
// native/wasm.cmake includes it in front of every file.
#pragma once
#include <version>

#if defined(__cplusplus) && !defined(__cpp_lib_bit_cast)
#include <type_traits>
namespace std {
template <class To, class From>
  requires(sizeof(To) == sizeof(From) && is_trivially_copyable_v<To> && is_trivially_copyable_v<From>)
constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}
}  // namespace std
#endif

#if defined(__cplusplus) && !defined(__cpp_lib_ranges)
#include <algorithm>
#include <functional>
#include <iterator>
namespace std::ranges {
template <class Range, class T>
constexpr auto count(Range&& range, const T& value) {
  return std::count(std::begin(range), std::end(range), value);
}
template <class Range, class T>
constexpr auto find(Range&& range, const T& value) {
  return std::find(std::begin(range), std::end(range), value);
}
template <class Range, class Test>
constexpr bool any_of(Range&& range, Test test) {
  return std::any_of(std::begin(range), std::end(range), std::ref(test));
}
template <class Range, class Test>
constexpr bool all_of(Range&& range, Test test) {
  return std::all_of(std::begin(range), std::end(range), std::ref(test));
}
template <class Range>
constexpr void sort(Range&& range) {
  std::sort(std::begin(range), std::end(range));
}
template <class Range>
constexpr bool is_sorted(Range&& range) {
  return std::is_sorted(std::begin(range), std::end(range));
}
}  // namespace std::ranges
#endif
