// Compresses rows that come piece by piece, in bounded memory (merge and reduce: Bentley, Saxe 1980; for coresets
// Har-Peled, Mazumdar 2004). Moments add up, so a set that was compressed in parts keeps the moments of the whole.
//
// Each block of rows becomes a leaf: `between` of its rows, which keep all the moments that the last step will keep in
// a cell. Eight leaves and the root so far become the next root. At the end the root is compressed to the size that is
// asked for. It is compared with the moments of the whole stream, which are known in double-double.
//
// Blocks begin at fixed rows of the stream. So the bits are the same for any cut of the pieces and number of threads.
#pragma once
#include <cstdint>

#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/compress.hpp"
#include "points/point_set.hpp"
#include "polynomial/framed_moments.hpp"
#include "streaming/stream_rows.hpp"

namespace fewpoints {

struct StreamCompressed : CompressReport {
  StreamRows kept;  // always with weights
};

// What a compressor knows between two pieces. From it another one goes on.
struct StreamState {
  std::int64_t rows = 0;         // of the stream so far
  List<double> points, weights;  // of the block that is being filled
  List<StreamRows> pool;
  FramedMoments moments;  // of the leaves; no sums when there is none
};

class StreamCompressor {
 public:
  // options.space or options.automatic, with size: what the result has. options.threads is used for each step.
  // block_rows: 0 for the default. Tests have small blocks.
  StreamCompressor(const CompressOptions& options, int dimension, std::size_t block_rows = 0);

  std::size_t block_rows() const { return block_rows_; }
  // The bytes that it may hold between steps: so far, and at most. Then, with the working memory of a step.
  double held_bytes_so_far() const;
  double held_bytes() const;
  double bytes() const;

  // ---- one thread fills blocks

  std::int64_t rows() const { return filling_.first + static_cast<std::int64_t>(filling_.count); }
  // Throws Error NotFinite or Weight for the first such number.
  static void check(const PointsView& points, const NumbersView& weights);
  // Copies rows from `first` on, as many as there is room for in the block. Returns how many. Takes none and throws as
  // check() does when one of these has a wrong number.
  std::size_t take(const PointsView& points, const NumbersView& weights, std::size_t first);
  bool is_full() const { return filling_.count == block_rows_; }
  // Hands the block over to reduce(), and begins the next one. The last block must be reduced.
  void hand_over();

  // ---- another may reduce the block that was handed over

  void reduce(Monitor& monitor);
  // Compresses all rows so far. summary: to `between` rows that keep what a step between keeps, to be merged later. No
  // block may be waiting. Nothing can be taken afterwards. Throws Error, Cancelled, std::bad_alloc.
  StreamCompressed finish(bool summary, Monitor& monitor);

  // ---- while no step runs

  // The rows that the result can still have, ascending.
  List<std::int64_t> held_rows() const;
  StreamState state() const;
  // Throws Error Option when the state cannot be one of a compressor with the same options.
  void restore(StreamState state);

 private:
  StreamRows leaf(StreamBlock&& block, Monitor& monitor);
  void make_room(std::size_t rows);
  void merge_pool(Monitor& monitor);
  Residual residual_of(const PointSet& set, Monitor& monitor, const FramedMoments* whole = nullptr) const;
  UnwrittenCompressed reduced(PointSet&& set, const Residual& original, Monitor& monitor) const;
  CompressOptions step_options() const;
  PolynomialSpace free_space() const;

  const CompressOptions options_;
  const int dimension_;
  PolynomialSpace requested_, step_;  // of the result, and of the steps between
  std::size_t between_, block_rows_;

  StreamBlock filling_, waiting_;
  List<StreamRows> pool_;
  RunningMoments moments_;
};

}  // namespace fewpoints
