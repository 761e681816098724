#include "polynomial/feature_blocks.hpp"

#include "base/list.hpp"

namespace fewpoints {
namespace {

List<const double*> columns_of(const PointSet& set) {
  List<const double*> columns;
  for (int a = 0; a < set.dimension(); a++) columns.push_back(set.column(a));
  return columns;
}

}  // namespace

LocalFeatures::LocalFeatures(const PointSet& set, int order, int threads, Monitor& monitor)
    : set_(set),
      threads_(threads),
      monitor_(monitor),
      columns_(columns_of(set)),
      frame_({columns_.data(), set.weights(), set.size(), set.dimension()},
             PolynomialSpace::total(set.dimension(), order), OrthonormalBasis::kDegenerateWidth, threads, monitor) {
  pieces_ = pieces_of(set.size());
}

DoubleDoubleSums LocalFeatures::sums(const List<double>& weights) const {
  return frame_.basis().sums(columns_.data(), weights.data(), set_.size(), threads_, monitor_, Stage::Solve);
}

void LocalFeatures::evaluate(std::size_t begin, std::size_t end, Block& block, List<double>& powers) const {
  const BasisShape& shape = frame_.basis().shape();
  const Recurrence& recurrence = frame_.recurrence();
  const std::size_t n = end - begin, k = static_cast<std::size_t>(recurrence.order);
  block.begin = begin;
  block.count = n;
  // New ones, not resize(): in Eigen 3.4 a matrix that cannot be resized for want of memory is freed twice.
  if (block.phi.rows() != static_cast<Eigen::Index>(n)) {
    block.phi = Eigen::MatrixXd(static_cast<Eigen::Index>(n), count());
    block.scaled = Eigen::MatrixXd(static_cast<Eigen::Index>(n), count());
  }
  powers.resize(usize(shape.dimension) * (k + 1) * n);
  for (int axis = 0; axis < shape.dimension; axis++) {
    double* p = powers.data() + usize(axis) * (k + 1) * n;
    const std::size_t row = usize(axis) * k;
    const double* z = frame_.local(axis) + begin;
    for (std::size_t i = 0; i < n; i++) p[i] = 1;
    for (std::size_t j = 0; j < k; j++) {
      const double a = recurrence.a[row + j], b = recurrence.b[row + j], c = j > 0 ? recurrence.c[row + j] : 0;
      const double *now = p + j * n, *before = j > 0 ? now - n : now;
      double* next = p + (j + 1) * n;
      for (std::size_t i = 0; i < n; i++) next[i] = (a * z[i] + b) * now[i] - c * before[i];
    }
  }
  block.phi.col(0).setOnes();
  for (Eigen::Index e = 1; e < count(); e++) {
    const std::size_t power =
        static_cast<std::size_t>(shape.axis[e]) * (k + 1) + static_cast<std::size_t>(shape.degree[e]);
    const double *p = powers.data() + power * n, *parent = block.phi.col(shape.parent[e]).data();
    double* to = block.phi.col(e).data();
    for (std::size_t i = 0; i < n; i++) to[i] = parent[i] * p[i];
  }
}

}  // namespace fewpoints
