// The polynomials of degree <= k of a weighted set in coordinates of its own, block by block and never stored: columns
// centred at the weighted mean and scaled by a power of two, and in each the polynomials that are orthonormal over the
// weighted values (discrete Stieltjes). In double for steps, in double-double for sums.
#pragma once
#include <Eigen/Core>
#include <memory>
#include <vector>

#include "exact.hpp"
#include "moment_target.hpp"
#include "points.hpp"
#include "threads.hpp"

namespace fewpoints {

class LocalFeatures {
 public:
  // The set must outlive this. Cost: order + 2 passes over each column.
  LocalFeatures(const PointSet& set, int order, int threads, Monitor& monitor);

  const MultiIndices& indices() const { return indices_; }
  const Recurrence& recurrence() const { return recurrence_; }
  const LocalFrame& frame() const { return frame_; }
  Eigen::Index count() const { return indices_.count; }

  ExactSums sums(const std::vector<double>& weights) const;

  struct Block {
    std::size_t begin, count;
    Eigen::MatrixXd phi;             // count x N
    mutable Eigen::MatrixXd scaled;  // scratch
  };
  // Sums are made piece by piece, the pieces in order: the same bits for any number of threads.
  std::size_t pieces() const { return pieces_; }
  // body(block, piece): blocks of a piece in order, on one thread.
  template <class Body>
  void for_blocks(int threads, Monitor& monitor, const Body& body) const {
    parallel_for(pieces_, threads, monitor, Stage::Solve, [&](std::size_t piece, int) {
      Block block;
      std::vector<double> powers;
      const std::size_t blocks = (set_.size() + kBlock - 1) / kBlock;
      for (std::size_t k = piece * blocks / pieces_; k < (piece + 1) * blocks / pieces_; k++) {
        monitor.check();
        evaluate(k * kBlock, std::min(set_.size(), (k + 1) * kBlock), block, powers);
        body(static_cast<const Block&>(block), piece);
      }
    });
  }

 private:
  static constexpr std::size_t kBlock = 256, kMostPieces = 32;
  void evaluate(std::size_t begin, std::size_t end, Block& block, std::vector<double>& powers) const;
  void orthonormalise(int axis);

  const PointSet& set_;
  int threads_;
  Monitor& monitor_;
  MultiIndices indices_;
  Recurrence recurrence_;
  LocalFrame frame_;
  std::unique_ptr<ExactBasis> exact_;
  std::vector<const double*> columns_;
  std::size_t pieces_ = 1;
};

}  // namespace fewpoints
