// The demands of the fuzzers: a result that agrees with a plain reference, or an Error whose code has a reason in the
// input. Anything else ends the program, and the fuzzer notices that.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/status.hpp"
#include "build_info.hpp"
#include "input.hpp"
#include "simd/dispatch.hpp"
#include "simd/kernels.hpp"

namespace fuzz {

constexpr double kEpsilon = 0x1p-52;

[[noreturn]] inline void wrong(const char* what, double got = 0, double bound = 0) {
  std::fprintf(stderr, "WRONG (%s): %s: %.17g, bound %.17g\n", fewpoints::simd().name, what, got, bound);
  std::abort();
}
inline void demand(bool condition, const char* what, double got = 0, double bound = 0) {
  if (!condition) wrong(what, got, bound);
}
inline void demand_at_most(double got, double bound, const char* what) {
  if (!(got <= bound)) wrong(what, got, bound);
}

// Uses the instruction set that the input asks for, or the next lower one that is available.
inline void read_instruction_set(Input& in) {
  static const bool ready = (fewpoints::initialise(), true);
  static_cast<void>(ready);
  static const char* const levels[] = {"v4", "v3", "v2", "plain"};
  const int first = in.below(3);
  for (int i = first; i < 4; i++)
    if (fewpoints::use_instruction_set(levels[i])) return;
}

// Mostly one thread: two take ten times as long on such small inputs.
inline int read_threads(Input& in) { return in.one_in(48) ? 2 : 1; }

// The result of the call, or nothing when it was refused for a reason that `may` accepts.
template <class Call, class May>
auto attempt(const Call& call, const May& may) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const fewpoints::Error& error) {
    if (!may(error.code)) {
      std::fprintf(stderr, "refused without a reason: %s\n", error.what());
      std::abort();
    }
    return std::nullopt;
  }
}

// The codes with which this set may be refused when it is copied.
inline auto reasons(const Set& set) {
  return [&set](fewpoints::Code code) {
    return (code == fewpoints::Code::NotFinite && set.points_kind == Kind::Broken) ||
           (code == fewpoints::Code::Weight && set.weights_kind == Kind::Broken);
  };
}

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
}

}  // namespace fuzz
