#include "products.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "memory.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

// Points of the sample over which a column's polynomials are orthonormal. They need not be so over the whole set.
constexpr std::size_t kSample = 4096;

// Degree in the first block beyond that block's order.
int level_of(const std::uint16_t* exponents, const PolynomialSpace& space) {
  int degree = 0;
  for (int a = 0; a < space.dimension(); a++)
    if (space.block[a] == 0) degree += exponents[a];
  return std::max(0, degree - space.order[0]);
}

PolynomialSpace with_raised_order(PolynomialSpace space, int raised) {
  space.order[0] += raised;
  return space;
}

}  // namespace

ProductBasis::ProductBasis(const PointSet& set, const PolynomialSpace& space, int raised) : levels_(raised) {
  const MultiIndices indices(with_raised_order(space, raised));
  const int m = indices.dimension;
  // Without the last column: each of these is followed by its products with that column's powers.
  std::map<std::vector<std::uint16_t>, int> lower;
  for (int e = 0; e < indices.count; e++) {
    const std::uint16_t* row = indices.row(e);
    if (row[m - 1] != 0) continue;
    lower.emplace(std::vector<std::uint16_t>(row, row + m), static_cast<int>(lower_parent_.size()));
    const int parent = indices.parent[e];
    lower_parent_.push_back(lower[std::vector<std::uint16_t>(indices.row(parent), indices.row(parent) + m)]);
    lower_axis_.push_back(indices.axis[e]);
    lower_degree_.push_back(indices.degree[e]);
  }
  std::vector<std::vector<int>> levels(lower.size());  // by the power of the last column
  for (int e = 0; e < indices.count; e++) {
    std::vector<std::uint16_t> row(indices.row(e), indices.row(e) + m);
    const std::uint16_t power = row[m - 1];
    row[m - 1] = 0;
    std::vector<int>& of = levels[lower[row]];
    if (of.size() <= power) of.resize(power + 1);
    of[power] = level_of(indices.row(e), space);
  }
  lower_first_.push_back(0);
  for (const auto& of : levels) {
    level_.insert(level_.end(), of.begin(), of.end());
    lower_first_.push_back(static_cast<int>(level_.size()));
  }
  recurrence_ = Recurrence::monomial(m, indices.order);
  orthonormalise(set);
  shape_ = {m,
            indices.order,
            indices.count,
            static_cast<int>(lower.size()),
            lower_parent_.data(),
            lower_axis_.data(),
            lower_degree_.data(),
            lower_first_.data(),
            recurrence_.a.data(),
            recurrence_.b.data(),
            recurrence_.c.data(),
            centre_.data(),
            inverse_.data()};
}

// Stieltjes: the recurrence of the polynomials orthonormal over the sample. Where the sample has too few distinct
// values the higher ones are zero.
void ProductBasis::orthonormalise(const PointSet& set) {
  const int m = set.dimension(), order = recurrence_.order;
  const std::size_t n = set.size(), samples = std::min(n, kSample);
  std::vector<double> t(samples), w(samples), now(samples), before(samples);
  double mass = 0;
  const auto place = [&](std::size_t i) { return i * n / samples; };
  for (std::size_t i = 0; i < samples; i++) mass += w[i] = set.weights() ? set.weights()[place(i)] : 1;
  for (double& v : w) v /= mass;
  for (int axis = 0; axis < m; axis++) {
    const double* x = set.column(axis);
    double low = x[0], high = x[0];
    simd().bounds(x, 0, n, &low, &high);
    const double half = 0.5 * high - 0.5 * low;
    centre_.push_back(0.5 * low + 0.5 * high);
    inverse_.push_back(half > 0 ? 1 / half : 0);
    for (std::size_t i = 0; i < samples; i++) {
      t[i] = (x[place(i)] - centre_[axis]) * inverse_[axis];
      now[i] = 1;
      before[i] = 0;
    }
    double* a = recurrence_.a.data() + static_cast<std::size_t>(axis) * order;
    double* b = recurrence_.b.data() + static_cast<std::size_t>(axis) * order;
    double* c = recurrence_.c.data() + static_cast<std::size_t>(axis) * order;
    double beta = 0;
    for (int j = 0; j < order; j++) {
      double alpha = 0, square = 0;
      for (std::size_t i = 0; i < samples; i++) alpha += w[i] * t[i] * now[i] * now[i];
      for (std::size_t i = 0; i < samples; i++) {
        const double next = (t[i] - alpha) * now[i] - beta * before[i];
        before[i] = now[i];
        now[i] = next;
        square += w[i] * next * next;
      }
      const double norm = std::sqrt(square);
      if (!(norm > 1e-8)) {
        std::fill(a + j, a + order, 0.0);
        std::fill(b + j, b + order, 0.0);
        std::fill(c + j, c + order, 0.0);
        break;
      }
      a[j] = 1 / norm;
      b[j] = -alpha / norm;
      c[j] = beta / norm;
      for (double& v : now) v /= norm;
      beta = norm;
    }
  }
}

std::vector<double> ProductBasis::sums(const double* const* x, const double* w, std::size_t n, int threads,
                                       Monitor& monitor) const {
  const std::size_t chunks = chunk_count(n), N = static_cast<std::size_t>(count());
  std::vector<double> parts(chunks * N, 0.0);
  std::vector<Array<double>> workspaces(std::max(threads, 1));
  parallel_for(chunks, threads, monitor, Stage::Recombine, [&](std::size_t i, int thread) {
    Array<double>& workspace = workspaces[thread];
    if (workspace.size() == 0) workspace.reset(simd().product_workspace(shape_));
    simd().product_sums(shape_, x, w, i * kChunk, std::min(n, (i + 1) * kChunk), parts.data() + i * N,
                        workspace.data());
  });
  std::vector<double> total(N, 0.0), lost(N, 0.0);
  for (std::size_t i = 0; i < chunks; i++)
    for (std::size_t e = 0; e < N; e++) {
      const double y = parts[i * N + e] - lost[e], s = total[e] + y;
      lost[e] = (s - total[e]) - y;
      total[e] = s;
    }
  return total;
}

void ProductBasis::values(const double* const* x, std::size_t n, double* out, std::size_t stride) const {
  Array<double> workspace(simd().product_workspace(shape_));
  simd().product_values(shape_, x, 0, n, out, stride, workspace.data());
}

}  // namespace fewpoints
