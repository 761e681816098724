// Recombination of any number of points in any features. The columns of a tableau are a few single points and sums over
// groups of all other points. The tableau's walk finds a basic feasible solution. It prefers the single points, whose
// columns come first. A group that is still in the basis is split into parts, in the same tableau, until only points
// are left. Every point is read once; no n x N matrix is stored.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/double_double_sums.hpp"
#include "recombination/blocked_tableau.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// The number of single points that the tableau starts with, per feature. For features of which nothing is known: enough
// for polynomials of order 10 in 4 columns, which need the most of those that were tried.
constexpr double kSinglesPerFeature = 5;
// The same for products: order 10 in 4 columns needs 6, order 4 in 10 columns needs 3, and others lie between (measured
// on uniform points; no command of the repository prints it). One too few costs more than one too many.
inline double product_singles_per_feature(int order) { return std::min(8.0, 2.3 + 0.37 * order); }

// The columns of the tableau for n points: single points, and groups of points. There are at most n.
struct ColumnCounts {
  std::size_t singles, groups;
};
ColumnCounts column_counts(std::size_t n, std::size_t features, double singles_per_feature);

// A source of features.
class FeatureSource {
 public:
  virtual ~FeatureSource() = default;
  virtual int width() const = 0;
  virtual std::size_t count() const = 0;
  virtual const double* weights() const = 0;  // nullptr: all 1
  // For c < columns <= kBlock: out[e * stride + c] = the sum of feature e over the rows of segments first[c] .. first[c
  // + 1] - 1, times their weights if `weighted`. Several threads call this at once. scratch: scratch_size() doubles of
  // the thread's own. exact: when given, the weighted sums of all the rows are added to it.
  virtual void sums(const Segment* segments, const std::uint32_t* first, int columns, bool weighted, double* out,
                    std::size_t stride, double* scratch, DoubleDoubleSums* exact) const = 0;
  virtual std::size_t scratch_size() const = 0;
  virtual double singles_per_feature() const { return kSinglesPerFeature; }
  // Whether sums() fills `exact`. If not, the target is the sum of the columns.
  virtual bool exact() const { return false; }
  static constexpr int kBlock = 8;
};

// Products of univariate polynomials over columns of coordinates, evaluated on demand.
class ProductSource final : public FeatureSource {
 public:
  // shape: the features and their recurrence; see DoubleDoubleBasis. x: shape.dimension columns of coordinates. The
  // polynomials are evaluated at (x - centre) * inverse.
  ProductSource(const BasisShape& shape, const double* const* x, const double* w, std::size_t count,
                List<double> centre, List<double> inverse);
  int width() const override { return shape_.count; }
  std::size_t count() const override { return count_; }
  const double* weights() const override { return w_; }
  void sums(const Segment* segments, const std::uint32_t* first, int columns, bool weighted, double* out,
            std::size_t stride, double* scratch, DoubleDoubleSums* exact) const override;
  std::size_t scratch_size() const override { return simd().group_workspace(shape_); }
  double singles_per_feature() const override { return product_singles_per_feature(shape_.order); }

 private:
  GroupShape shape_{};
  List<int> lower_parent_, lower_factor_, powers_, place_;
  List<double> centre_, inverse_;
  const double* const* x_;
  const double* w_;
  std::size_t count_;
};

// A row of largest entry 1 depends on the rows before it when its remainder is below this.
constexpr double kRankTolerance = 1e-12;
// The tolerance of a second try, down to the rounding of the features, after rows that seemed dependent may have
// mattered.
constexpr double kMinTolerance = 1e-14;

class BasicSolutionFinder {
 public:
  // tolerance: that of the rank. A tolerance below kRankTolerance also turns off the shortcut that accepts pivots
  // unchecked.
  BasicSolutionFinder(const FeatureSource& source, int threads, Monitor& monitor, double tolerance = kRankTolerance);

  // Finds a basic feasible solution. Its weights are not refined: sums hold to about 1e-13 only. False: none was found,
  // and indices() is empty.
  bool run();

  int rank() const { return rank_; }
  const DoubleDoubleSums& target() const { return target_; }
  const List<std::uint32_t>& indices() const { return indices_; }  // rows of the support, in no order
  List<double>& weights() { return weights_; }

  // Iterative refinement with the present inverse, until the residual stops falling. sums(w): the sums of the support
  // with weights w. Returns the largest |target - sums| / target.magnitude.
  template <class Sums>
  double refine(const DoubleDoubleSums& target, const Sums& sums);

 private:
  // The sum of the rows of segments_[begin .. end), each times its weight if `weighted`.
  struct Column {
    std::uint32_t begin, end;
    std::size_t rows;
    bool weighted;
  };
  void choose_columns();
  void fill(const List<Column>& columns, double* out, std::size_t stride, bool measure);
  int split_groups();
  bool rebuild(List<double>& multipliers);
  List<Column> parts_of(const Column& group, std::size_t parts);
  void collect();
  double refined_step(const DoubleDoubleSums& target, const DoubleDoubleSums& sums, List<double>& change);

  const FeatureSource& source_;
  const int threads_;
  Monitor& monitor_;
  const double tolerance_;
  List<Segment> segments_;
  List<Column> columns_;  // by place in the tableau
  std::size_t singles_ = 0;
  std::unique_ptr<BlockedTableau> tableau_;
  DoubleDoubleSums target_;
  List<std::uint32_t> indices_;
  List<std::size_t> support_rows_;  // rows of the tableau
  List<double> weights_;
  int rank_ = 0;
  bool safe_;
};

template <class Sums>
double BasicSolutionFinder::refine(const DoubleDoubleSums& target, const Sums& sums) {
  constexpr double kConverged = 1.2e-16;
  constexpr int kMaxSteps = 5;
  List<double> w = weights_, change(w.size());
  double best = refined_step(target, sums(w), change);
  for (int step = 0; step < kMaxSteps && best > kConverged; step++) {
    for (std::size_t i = 0; i < w.size(); i++) w[i] = w[i] + change[i] > 0 ? w[i] + change[i] : 0;
    const double now = refined_step(target, sums(w), change);
    if (!(now < best)) break;
    const bool slow = now > 0.5 * best;
    best = now;
    weights_ = w;
    if (slow) break;
  }
  return best;
}

}  // namespace fewpoints
