// The kernel's std::vector. Any integer type is an index and a length, because dimensions, orders and features are
// counted in int. Lengths are checked. Indices are checked in builds with _GLIBCXX_ASSERTIONS, which tests and
// sanitizers have.
#pragma once
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/narrow.hpp"

namespace fewpoints {

template <class T>
class List : public std::vector<T> {
  using Base = std::vector<T>;

 public:
  using Base::Base;
  List() = default;
  List(Base values) : Base(std::move(values)) {}
  // These throw Error Size when the length is negative.
  template <std::integral Integer>
  explicit List(Integer length) : Base(narrow<std::size_t>(length)) {}
  template <std::integral Integer>
  List(Integer length, const T& value) : Base(narrow<std::size_t>(length), value) {}
  template <std::integral Integer>
  void resize(Integer length) {
    Base::resize(narrow<std::size_t>(length));
  }
  template <std::integral Integer>
  void resize(Integer length, const T& value) {
    Base::resize(narrow<std::size_t>(length), value);
  }
  using Base::assign;
  template <std::integral Integer>
  void assign(Integer length, const T& value) {
    Base::assign(narrow<std::size_t>(length), value);
  }
  template <std::integral Integer>
  void reserve(Integer length) {
    Base::reserve(narrow<std::size_t>(length));
  }

  template <std::integral Integer>
  T& operator[](Integer i) {
    return Base::operator[](usize(i));
  }
  template <std::integral Integer>
  const T& operator[](Integer i) const {
    return Base::operator[](usize(i));
  }
};

}  // namespace fewpoints
