#include "recombination/raise_weights.hpp"

#include <algorithm>
#include <cmath>

#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// Pivots of the features of the support, and of exchanges, in columns of entries of order 1.
constexpr double kIndependent = 1e-10, kSmallestPivot = 1e-4;
// A step must make the shortfall smaller by this.
constexpr double kProgress = 1e-12;

class Vertex {
 public:
  Vertex(const SupportTable& table, double least, List<std::uint32_t>& support, List<double>& weights)
      : table_(table),
        inverse_least_(1 / least),
        support_(support),
        weights_(weights),
        step_(table.stride),
        short_(table.stride),
        leaving_(table.stride) {}

  // Solves the columns of the support, so that the rows hold the coordinates of all columns in them. False: they depend
  // on each other.
  bool eliminate(Monitor& monitor) {
    List<double*> rows;
    for (std::size_t e = 0; e < table_.features; e++) rows.push_back(table_.values.data() + e * table_.stride);
    for (std::size_t c = 0; c < support_.size(); c++) {
      monitor.check();
      std::size_t best = c;
      for (std::size_t e = c; e < rows.size(); e++)
        if (std::fabs(rows[e][c]) > std::fabs(rows[best][c])) best = e;
      if (!(std::fabs(rows[best][c]) > kIndependent)) return false;
      std::swap(rows[c], rows[best]);
      clear_column(rows, c, c);
    }
    rows_.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(support_.size()));
    return true;
  }

  double shortfall() const {
    double sum = 0;
    for (const double w : weights_) sum += short_of(w);
    return sum;
  }

  // Goes to the best neighbour, if its shortfall is below `now`. Returns the shortfall.
  double step(double now) {
    measure_neighbours();
    std::size_t best = table_.columns;
    for (std::size_t q = 0; q < table_.columns; q++) {
      if (!(rows_[leaving_[q]][q] > kSmallestPivot) || !std::isfinite(step_[q])) continue;
      if (short_[q] < (best == table_.columns ? now - kProgress : short_[best])) best = q;
    }
    if (best == table_.columns) return now;
    const std::size_t r = leaving_[best];
    for (std::size_t i = 0; i < rows_.size(); i++)
      weights_[i] = i == r ? step_[best] : std::max(0.0, weights_[i] - step_[best] * rows_[i][best]);
    support_[r] = static_cast<std::uint32_t>(best);
    clear_column(rows_, r, best);
    return short_[best];
  }

 private:
  double short_of(double w) const { return std::max(0.0, 1 - w * inverse_least_); }

  // For each column: how much of it can enter, which weight is then zero, and the shortfall.
  void measure_neighbours() {
    const std::size_t n = table_.columns;
    std::fill_n(step_.data(), n, HUGE_VAL);
    std::fill_n(leaving_.data(), n, std::uint32_t{0});
    for (std::size_t i = 0; i < rows_.size(); i++)
      for (std::size_t q = 0; q < n; q++) {
        const double d = rows_[i][q];
        if (!(d > 0) || !(weights_[i] < step_[q] * d)) continue;
        step_[q] = weights_[i] / d;
        leaving_[q] = static_cast<std::uint32_t>(i);
      }
    for (std::size_t q = 0; q < n; q++) short_[q] = short_of(step_[q]);
    for (std::size_t i = 0; i < rows_.size(); i++)
      for (std::size_t q = 0; q < n; q++)
        if (leaving_[q] != i) short_[q] += short_of(weights_[i] - step_[q] * rows_[i][q]);
  }

  void clear_column(const List<double*>& rows, std::size_t r, std::size_t column) {
    simd().scale_row(rows[r], 1 / rows[r][column], table_.stride);
    rows[r][column] = 1;
    for (std::size_t i = 0; i < rows.size(); i++) {
      const double f = rows[i][column];
      if (i == r || f == 0) continue;
      simd().combine_rows(rows[i], rows[i], &f, 1, rows[r], table_.stride, table_.stride);
      rows[i][column] = 0;
    }
  }

  const SupportTable& table_;
  const double inverse_least_;
  List<std::uint32_t>& support_;
  List<double>& weights_;
  List<double*> rows_;  // of the points of the support
  Array<double> step_, short_;
  Array<std::uint32_t> leaving_;
};

}  // namespace

bool raise_weights(const SupportTable& table, double least, List<std::uint32_t>& support, List<double>& weights,
                   Monitor& monitor) {
  Vertex vertex(table, least, support, weights);
  double now = vertex.shortfall();
  if (now == 0) return true;
  if (!vertex.eliminate(monitor)) return false;
  // Beyond this the inverse is worn.
  const std::size_t most = 4 * support.size() + 50;
  for (std::size_t i = 0; i < most && now > 0; i++) {
    monitor.check();
    const double before = now;
    now = vertex.step(now);
    if (!(now < before)) return false;
  }
  return now == 0;
}

}  // namespace fewpoints
