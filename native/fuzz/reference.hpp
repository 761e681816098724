// The plain reference: every sum in long double (64 bits, exponents up to 2^16383), point by point and monomial by
// monomial, with code of its own.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "input.hpp"

namespace fuzz {

using Real = long double;
using Exponents = std::vector<int>;

// All exponents whose sum in each block of columns is at most the order of the block. Graded lexicographic: the degree
// ascends; within a degree, the power of the first column descends, then that of the second.
inline std::vector<Exponents> monomials(const std::vector<int>& block, const std::vector<int>& order) {
  std::vector<Exponents> all{Exponents(block.size(), 0)};
  for (std::size_t a = 0; a < block.size(); a++) {
    std::vector<Exponents> next;
    for (const Exponents& e : all) {
      int used = 0;
      for (std::size_t b = 0; b < a; b++) used += block[b] == block[a] ? e[b] : 0;
      for (int p = 0; used + p <= order[static_cast<std::size_t>(block[a])]; p++) {
        next.push_back(e);
        next.back()[a] = p;
      }
    }
    all = std::move(next);
  }
  const auto degree = [](const Exponents& e) {
    int d = 0;
    for (const int p : e) d += p;
    return d;
  };
  std::stable_sort(all.begin(), all.end(), [&](const Exponents& p, const Exponents& q) {
    const int dp = degree(p), dq = degree(q);
    return dp != dq ? dp < dq : p > q;
  });
  return all;
}

inline Real power(Real x, int n) {
  Real r = 1;
  for (; n > 0; n--) r *= x;
  return r;
}

inline Real legendre(int n, Real t) {
  Real before = 0, now = 1;
  for (int j = 0; j < n; j++) {
    const Real next = ((2 * j + 1) * t * now - j * before) / (j + 1);
    before = now;
    now = next;
  }
  return now;
}

struct Sums {
  std::vector<Real> sum, magnitude;
};

// The sums of w prod p_e(x - centre), and of their magnitudes. x: row-major.
template <class Weight>
Sums sums_of(const double* x, std::size_t count, const Weight& weight, const std::vector<double>& centre,
             const std::vector<Exponents>& indices, bool is_legendre = false) {
  const std::size_t m = centre.size();
  int most = 0;
  for (const Exponents& e : indices)
    for (const int p : e) most = std::max(most, p);
  const std::size_t powers = static_cast<std::size_t>(most) + 1;
  Sums out{std::vector<Real>(indices.size(), 0), std::vector<Real>(indices.size(), 0)};
  std::vector<Real> table(m * powers);
  for (std::size_t i = 0; i < count; i++) {
    const Real w = weight(i);
    if (w == 0) continue;
    for (std::size_t a = 0; a < m; a++) {
      const Real z = static_cast<Real>(x[i * m + a]) - centre[a];
      Real p = 1;
      for (std::size_t d = 0; d < powers; d++, p *= z)
        table[a * powers + d] = is_legendre ? legendre(static_cast<int>(d), z) : p;
    }
    for (std::size_t e = 0; e < indices.size(); e++) {
      Real t = w;
      for (std::size_t a = 0; a < m; a++) t *= table[a * powers + static_cast<std::size_t>(indices[e][a])];
      out.sum[e] += t;
      out.magnitude[e] += std::fabs(t);
    }
  }
  return out;
}

// The weighted means, rounded to double. The rounding does not change what is compared.
inline std::vector<double> means(const Set& set) {
  std::vector<double> centre;
  std::size_t first = 0;
  while (set.weight(first) == 0) first++;
  for (std::size_t a = 0; a < static_cast<std::size_t>(set.dimension); a++) {
    Real mass = 0, sum = 0;
    const Real origin = set.at(first, a);
    for (std::size_t i = 0; i < set.count; i++) {
      mass += set.weight(i);
      sum += set.weight(i) * (set.at(i, a) - origin);
    }
    centre.push_back(static_cast<double>(origin + sum / mass));
  }
  return centre;
}

// The largest of |sum c' z^a - sum c z^a| / sum c |z^a| over the monomials; also by degree, if per_order is given.
inline double residual(const Sums& original, const Sums& other, const std::vector<Exponents>& indices,
                       std::vector<double>* per_order = nullptr) {
  double worst = 0;
  for (std::size_t e = 0; e < original.sum.size(); e++) {
    const Real difference = std::fabs(original.sum[e] - other.sum[e]);
    const auto r = static_cast<double>(original.magnitude[e] > 0 ? difference / original.magnitude[e]
                                       : difference > 0          ? HUGE_VALL
                                                                 : 0);
    worst = std::max(worst, r);
    if (per_order == nullptr) continue;
    std::size_t degree = 0;
    for (const int p : indices[e]) degree += static_cast<std::size_t>(p);
    if (per_order->size() <= degree) per_order->resize(degree + 1, 0.0);
    (*per_order)[degree] = std::max((*per_order)[degree], r);
  }
  return worst;
}

}  // namespace fuzz
