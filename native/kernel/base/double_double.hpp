// Scalar double-double arithmetic, about 32 digits (Dekker 1971; Hida, Li, Bailey 2001). simd/sums/double_double.cpp
// has the long sums.
#pragma once
#include <cmath>

namespace fewpoints {

struct DoubleDouble {
  double high = 0, low = 0;
  constexpr DoubleDouble() = default;
  constexpr DoubleDouble(double h, double l = 0) : high(h), low(l) {}  // NOLINT: implicit from double on purpose
  explicit operator double() const { return high + low; }
};

inline DoubleDouble two_sum(double a, double b) {
  const double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
inline DoubleDouble quick_two_sum(double a, double b) {  // |a| >= |b|
  const double s = a + b;
  return {s, b - (s - a)};
}
// Adds x to high + low. low may grow above half an ulp of high: the pair is not renormalised.
inline void accumulate(double& high, double& low, DoubleDouble x) {
  const DoubleDouble s = two_sum(high, x.high);
  high = s.high;
  low += s.low + x.low;
}
// Adds a b to high + low.
inline void accumulate_product(double& high, double& low, double a, double b) {
  const double p = a * b;
  accumulate(high, low, {p, std::fma(a, b, -p)});
}
inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = two_sum(a.high, b.high);
  return quick_two_sum(s.high, s.low + (a.low + b.low));
}
inline DoubleDouble operator-(DoubleDouble a) { return {-a.high, -a.low}; }
inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + -b; }
inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const double p = a.high * b.high;
  return quick_two_sum(p, std::fma(a.high, b.high, -p) + (a.high * b.low + a.low * b.high));
}
inline DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double q = a.high / b.high;
  const DoubleDouble r = a - b * q;
  return quick_two_sum(q, r.high / b.high);
}
inline DoubleDouble sqrt(DoubleDouble a) {
  if (!(a.high > 0)) return {};
  const double s = std::sqrt(a.high);
  const DoubleDouble r = a - DoubleDouble(s) * s;
  return quick_two_sum(s, r.high / (2 * s));
}

}  // namespace fewpoints
