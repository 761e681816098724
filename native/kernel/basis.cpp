#include "basis.hpp"

#include <algorithm>
#include <map>

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

MultiIndices::MultiIndices(int m, int k) : dimension(m), order(k), count(static_cast<int>(moment_count(m, k))) {
  exponents.reserve(static_cast<std::size_t>(count) * m);
  std::vector<std::uint8_t> e(m, 0);
  for (int total_degree = 0; total_degree <= k; total_degree++) {
    // First all of the degree on x, then step down lexicographically.
    std::fill(e.begin(), e.end(), 0);
    e[0] = static_cast<std::uint8_t>(total_degree);
    while (true) {
      exponents.insert(exponents.end(), e.begin(), e.end());
      total.push_back(total_degree);
      int i = m - 2;
      while (i >= 0 && e[i] == 0) i--;
      if (i < 0) break;
      const std::uint8_t last = e[m - 1];
      e[m - 1] = 0;
      e[i]--;
      e[i + 1] = static_cast<std::uint8_t>(last + 1);
    }
  }
  // The parent drops the last axis that is present.
  std::map<std::vector<std::uint8_t>, int> place;
  parent.assign(count, 0);
  axis.assign(count, 0);
  degree.assign(count, 0);
  for (int i = 0; i < count; i++) {
    std::vector<std::uint8_t> r(row(i), row(i) + m);
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

Recurrence Recurrence::monomial(int m, int k) {
  Recurrence r;
  r.dimension = m;
  r.order = k;
  r.a.assign(static_cast<std::size_t>(m) * k, 1);
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
