// One update: the values, errors and gradient of a batch, then the new parameters.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/list.hpp"
#include "parallel/thread_team.hpp"
#include "training/layer.hpp"

namespace fewpoints {

template <class T>
class TrainingStep {
 public:
  // weighted: the loss of a row counts in proportion to its weight. largest: the most rows in a batch. With
  // options.batch == 0 the batch is all rows, and they are not copied.
  TrainingStep(Layer<T>& layer, OptimizerMemory<T>& memory, const Columns<T>& data, bool weighted, std::size_t largest,
               const TrainOptions& options);

  // Must be called by every worker of the team. rows: those of the batch; nullptr: all.
  void take(ThreadTeam::Worker& worker, const std::uint32_t* rows, std::size_t count, const UpdateStep& update);

 private:
  void gather(const std::uint32_t* rows, std::size_t count, std::size_t tile);
  void find_errors(const std::uint32_t* rows, std::size_t count, std::size_t tile, int worker);
  void add_gradient(std::size_t count, std::size_t group, std::size_t chunk, std::size_t chunks, int worker);
  void update_row(std::size_t count, std::size_t chunk, const UpdateStep& update);

  Layer<T>& layer_;
  OptimizerMemory<T>& memory_;
  const Columns<T>& data_;
  const Layout& layout_;
  const Loss loss_;
  const bool weighted_, per_copy_;
  const std::size_t forward_chunks_;

  List<Array<T>> gathered_;  // inputs columns of the batch, unless the batch is all rows
  List<const T*> x_;         // the gathered columns, or those of data_
  List<Array<T>> error_;     // outputs columns
  List<const T*> error_at_;
  Array<T> part_;                // tiles x forward chunks x outputs x kSampleTile
  Array<double> bias_part_;      // tiles x outputs
  Array<double> sums_;           // groups x layout.length()
  List<Array<double>> scratch_;  // one per worker
};

}  // namespace fewpoints
