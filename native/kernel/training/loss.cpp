#include "training/loss.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/list.hpp"
#include "training/values.hpp"

namespace fewpoints {

namespace {

void squared_errors(int outputs, std::size_t size, const double* f, const double* y, double* error, double* loss) {
  const double share = 1.0 / outputs;
  std::fill_n(loss, size, 0.0);
  for (int o = 0; o < outputs; o++)
    for (std::size_t at = usize(o) * kSampleTile, i = 0; i < size; i++, at++) {
      const double e = f[at] - y[at];
      error[at] = 2 * share * e;
      loss[i] += share * e * e;
    }
}

void cross_entropy(int outputs, std::size_t size, const double* f, const double* y, double* error, double* loss) {
  for (std::size_t i = 0; i < size; i++) {
    double largest = f[i], total = 0, labels = 0;
    for (int o = 1; o < outputs; o++) largest = std::max(largest, f[usize(o) * kSampleTile + i]);
    for (int o = 0; o < outputs; o++) {
      const std::size_t at = usize(o) * kSampleTile + i;
      error[at] = std::exp(f[at] - largest);
      total += error[at];
      labels += y[at];
    }
    const double log_total = std::log(total) + largest;
    loss[i] = 0;
    for (int o = 0; o < outputs; o++) {
      const std::size_t at = usize(o) * kSampleTile + i;
      if (y[at] != 0) loss[i] += y[at] * (log_total - f[at]);
      error[at] = error[at] / total * labels - y[at];
    }
  }
}

}  // namespace

void loss_of_tile(Loss kind, int outputs, std::size_t size, const double* f, const double* y, double* error,
                  double* loss) {
  switch (kind) {
    case Loss::Mse: return squared_errors(outputs, size, f, y, error, loss);
    case Loss::CrossEntropy: return cross_entropy(outputs, size, f, y, error, loss);
  }
}

template <class T>
double mean_loss(const Layer<T>& layer, const Columns<T>& data, Loss loss, ThreadTeam& team) {
  const int outputs = layer.layout.outputs;
  const std::size_t numbers = kSampleTile * usize(outputs);
  List<double> of_tile(data.tiles());
  List<List<double>> scratch(team.size(), List<double>(2 * numbers + kSampleTile));
  all_values(layer, data, team, [&](std::size_t tile, const double* f, int worker) {
    const std::size_t first = tile * kSampleTile, size = std::min(kSampleTile, data.count() - first);
    double* const y = scratch[worker].data();
    double *const error = y + numbers, *const of_row = error + numbers;
    for (int o = 0; o < outputs; o++)
      for (std::size_t i = 0; i < size; i++)
        y[usize(o) * kSampleTile + i] = static_cast<double>(data.y()[o][first + i]);
    loss_of_tile(loss, outputs, size, f, y, error, of_row);
    double sum = 0;
    for (std::size_t i = 0; i < size; i++)
      sum += (data.share() == nullptr ? 1 : static_cast<double>(data.share()[first + i])) * of_row[i];
    of_tile[tile] = sum;
  });
  return std::accumulate(of_tile.begin(), of_tile.end(), 0.0) / static_cast<double>(data.count());
}

template double mean_loss(const Layer<float>&, const Columns<float>&, Loss, ThreadTeam&);
template double mean_loss(const Layer<double>&, const Columns<double>&, Loss, ThreadTeam&);

}  // namespace fewpoints
