#include "polynomial/feature_blocks.hpp"

#include "base/list.hpp"
#include "polynomial/product_values.hpp"

namespace fewpoints {
namespace {

List<const double*> columns_of(const PointSet& set) {
  List<const double*> columns;
  for (int a = 0; a < set.dimension(); a++) columns.push_back(set.column(a));
  return columns;
}

}  // namespace

FeatureBlocks::FeatureBlocks(const PointSet& set, int order, int threads, Monitor& monitor)
    : set_(set),
      threads_(threads),
      monitor_(monitor),
      quiet_(&monitor),
      columns_(columns_of(set)),
      orthonormal_({columns_.data(), set.weights(), set.size(), set.dimension()},
                   PolynomialSpace::total(set.dimension(), order), OrthonormalBasis::kDegenerateWidth, threads,
                   quiet_) {
  pieces_ = pieces_of(set.size());
}

DoubleDoubleSums FeatureBlocks::sums(const List<double>& weights) const {
  return orthonormal_.basis().sums(columns_.data(), weights.data(), set_.size(), threads_, monitor_, Stage::Solve);
}

void FeatureBlocks::evaluate(std::size_t begin, std::size_t end, Block& block, List<double>& powers) const {
  const std::size_t n = end - begin;
  block.begin = begin;
  block.count = n;
  // These are new matrices, not resized ones: when memory is short, Eigen 3.4 frees a matrix twice in resize().
  if (block.phi.rows() != static_cast<Eigen::Index>(n)) {
    block.phi = Eigen::MatrixXd(static_cast<Eigen::Index>(n), count());
    block.scaled = Eigen::MatrixXd(static_cast<Eigen::Index>(n), count());
  }
  List<const double*> z;
  for (int axis = 0; axis < orthonormal_.basis().dimension(); axis++) z.push_back(orthonormal_.local(axis) + begin);
  product_values(orthonormal_.basis().shape(), z.data(), n, 1, block.phi.data(), n, powers);
}

}  // namespace fewpoints
