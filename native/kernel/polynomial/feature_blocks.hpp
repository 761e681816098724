// The polynomials of degree <= order on a weighted set, in its orthonormal basis. They are evaluated block by block and
// never stored: in double for steps, in double-double for sums.
#pragma once
#include <Eigen/Core>
#include <algorithm>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "points/point_set.hpp"
#include "polynomial/orthonormal_basis.hpp"

namespace fewpoints {

class FeatureBlocks {
 public:
  // The set must outlive this. Costs as much as the orthonormal basis, which reports no progress here: how far it is
  // says nothing about how far the job is.
  FeatureBlocks(const PointSet& set, int order, int threads, Monitor& monitor);

  const OrthonormalBasis& orthonormal() const { return orthonormal_; }
  Eigen::Index count() const { return orthonormal_.basis().count(); }

  DoubleDoubleSums sums(const List<double>& weights) const;

  struct Block {
    std::size_t begin, count;
    int thread;                      // the one that works on it
    Eigen::MatrixXd phi;             // one row per point, one column per feature
    mutable Eigen::MatrixXd scaled;  // scratch of the same size
  };
  // Sums are made piece by piece, and the pieces are added in order: the bits are the same for any number of threads.
  std::size_t pieces() const { return pieces_; }
  static std::size_t pieces_of(std::size_t points) {
    return std::clamp<std::size_t>((points + kBlock - 1) / kBlock / 4, 1, kMaxPieces);
  }
  static constexpr std::size_t kBlock = 256;  // the most points of a block
  // Calls body(block, piece). The blocks of a piece come in order, on one thread.
  template <class Body>
  void for_blocks(const Body& body) const {
    for_blocks(0, pieces_, body);
  }
  // The same for the pieces first .. last - 1 only.
  template <class Body>
  void for_blocks(std::size_t first, std::size_t last, const Body& body) const {
    Monitor quiet;  // how far a pass is says nothing about how far the job is
    parallel_for(last - first, threads_, quiet, Stage::Solve, [&](std::size_t at, int thread) {
      const std::size_t piece = first + at;
      Block block;
      block.thread = thread;
      List<double> powers;
      const std::size_t blocks = (set_.size() + kBlock - 1) / kBlock;
      for (std::size_t k = piece * blocks / pieces_; k < (piece + 1) * blocks / pieces_; k++) {
        monitor_.check();
        evaluate(k * kBlock, std::min(set_.size(), (k + 1) * kBlock), block, powers);
        body(static_cast<const Block&>(block), piece);
      }
    });
  }

 private:
  static constexpr std::size_t kMaxPieces = 32;
  void evaluate(std::size_t begin, std::size_t end, Block& block, List<double>& powers) const;

  const PointSet& set_;
  const int threads_;
  Monitor& monitor_;
  Monitor quiet_;
  List<const double*> columns_;
  OrthonormalBasis orthonormal_;
  std::size_t pieces_ = 1;
};

}  // namespace fewpoints
