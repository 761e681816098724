#include "basis.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "list.hpp"

namespace fewpoints {

std::int64_t moment_count(int dimension, int order) {
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  __int128 n = 1;
  const int small = std::min(dimension, order), large = std::max(dimension, order);
  for (int i = 1; i <= small; i++) {
    n = n * (large + i) / i;  // exact: a product of i consecutive integers
    if (n >= limit) return limit;
  }
  return static_cast<std::int64_t>(n);
}

PolynomialSpace PolynomialSpace::total(int dimension, int order) { return {List<int>(dimension, 0), {order}}; }

int PolynomialSpace::highest_power() const {
  return *std::max_element(order.begin(), order.end()) + (extra > 0 ? 1 : 0);
}

int PolynomialSpace::highest_degree() const { return std::accumulate(order.begin(), order.end(), extra > 0 ? 1 : 0); }

std::int64_t PolynomialSpace::count() const {
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  __int128 n = 1;
  for (std::size_t b = 0; b < order.size(); b++) {
    const auto columns = static_cast<int>(std::count(block.begin(), block.end(), static_cast<int>(b)));
    n *= moment_count(columns, order[b]);
    if (n >= limit) return limit;
  }
  return static_cast<std::int64_t>(n) + extra;
}

namespace {

// How large the coefficient of this product of orthonormal Legendre polynomials is in a smooth function, up to a factor
// that all of one degree share: 1 / (a! L), L the product of their leading coefficients. Mixed monomials have by far
// the largest; a pure power is nearly a combination of lower ones.
double importance(const std::uint16_t* exponents, int m) {
  double log = 0;
  for (int a = 0; a < m; a++) {
    const double e = exponents[a];
    log -= 0.5 * std::log(2 * e + 1) + std::lgamma(2 * e + 1) - e * std::log(2.0) - std::lgamma(e + 1);
  }
  return log;
}

// All exponents of one total degree, lexicographically descending: column by column, as much as its block still allows
// and as the columns behind can complete.
class OfDegree {
 public:
  OfDegree(const PolynomialSpace& space, MultiIndices& out)
      : block_(space.block), left_(space.order), exponents_(space.block.size()), out_(out) {}

  void list(int degree) {
    degree_ = degree;
    descend(0, degree);
  }

 private:
  int room_behind(std::size_t column) const {
    int room = 0;
    for (std::size_t b = 0; b < left_.size(); b++)
      for (std::size_t a = column; a < block_.size(); a++)
        if (block_[a] == static_cast<int>(b)) {
          room += left_[b];
          break;
        }
    return room;
  }
  void descend(std::size_t column, int degree) {
    if (degree == 0) {
      std::fill(exponents_.begin() + static_cast<std::ptrdiff_t>(column), exponents_.end(), std::uint16_t{0});
      out_.exponents.insert(out_.exponents.end(), exponents_.begin(), exponents_.end());
      out_.total.push_back(degree_);
      return;
    }
    if (column == block_.size()) return;
    int& left = left_[block_[column]];
    for (int e = std::min(degree, left); e >= 0; e--) {
      left -= e;
      if (room_behind(column + 1) >= degree - e) {
        exponents_[column] = static_cast<std::uint16_t>(e);
        descend(column + 1, degree - e);
      }
      left += e;
    }
  }

  const List<int>& block_;
  List<int> left_;
  List<std::uint16_t> exponents_;
  MultiIndices& out_;
  int degree_ = 0;
};

}  // namespace

MultiIndices::MultiIndices(const PolynomialSpace& space)
    : dimension(space.dimension()), order(space.highest_power()), count(narrow<int>(space.count())) {
  const int m = dimension;
  exponents.reserve(product(count, m));
  OfDegree all(space, *this);
  const int highest = std::accumulate(space.order.begin(), space.order.end(), 0);
  for (int d = 0; d <= highest; d++) all.list(d);
  if (space.extra > 0) append(MultiIndices(PolynomialSpace{space.block, {space.order[0] + 1}}), space.extra);
  // The parent drops the last axis that is present.
  std::map<List<std::uint16_t>, int> place;
  parent.assign(count, 0);
  axis.assign(count, 0);
  degree.assign(count, 0);
  for (int i = 0; i < count; i++) {
    List<std::uint16_t> r(row(i), row(i) + m);
    place[r] = i;
    if (i == 0) continue;
    int a = m - 1;
    while (r[a] == 0) a--;
    axis[i] = a;
    degree[i] = r[a];
    r[a] = 0;
    parent[i] = place[r];
  }
}

void MultiIndices::append(const MultiIndices& next, int wanted) {
  List<int> candidates;
  for (int e = 0; e < next.count; e++)
    if (next.total[e] == next.total.back()) candidates.push_back(e);
  std::stable_sort(candidates.begin(), candidates.end(), [&](int a, int b) {
    return importance(next.row(a), dimension) > importance(next.row(b), dimension) + 1e-9;
  });
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(wanted)));
  for (const int e : candidates) {
    exponents.insert(exponents.end(), next.row(e), next.row(e) + dimension);
    total.push_back(next.total[e]);
  }
  count = narrow<int>(total.size());
}

Recurrence Recurrence::monomial(int m, int k) {
  Recurrence r;
  r.dimension = m;
  r.order = k;
  r.a.assign(usize(m) * usize(k), 1);
  r.b.assign(r.a.size(), 0);
  r.c.assign(r.a.size(), 0);
  return r;
}

Recurrence Recurrence::legendre(int m, int k) {
  Recurrence r = monomial(m, k);
  for (int axis = 0; axis < m; axis++)
    for (int j = 0; j < k; j++) {
      r.a[axis * k + j] = (2.0 * j + 1) / (j + 1);
      r.c[axis * k + j] = static_cast<double>(j) / (j + 1);
    }
  return r;
}

}  // namespace fewpoints
