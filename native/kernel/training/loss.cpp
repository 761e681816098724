#include "training/loss.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/list.hpp"

namespace fewpoints {

template <class T>
void chunk_values(const Layer<T>& layer, const T* const* x, std::size_t offset, std::size_t chunk, T* f) {
  const std::size_t begin = chunk * chunk_size(layer);
  const std::size_t end = std::min(begin + chunk_size(layer), static_cast<std::size_t>(layer.layout.width));
  network_kernels<T>().forward(layer.view(), x, offset, begin, end, f);
}

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
  (kind == Loss::Mse ? squared_errors : cross_entropy)(outputs, size, f, y, error, loss);
}

namespace {

// f of every sample of every tile, on a team: use(tile, f, member), f[o * kSampleTile + i], is called on any member.
template <class T, class Use>
void all_values(const Layer<T>& layer, const T* const* x, std::size_t tiles, ThreadTeam& team, const Use& use) {
  const int outputs = layer.layout.outputs;
  const std::size_t numbers = kSampleTile * usize(outputs);
  List<List<T>> parts(team.size(), List<T>(numbers));
  List<List<double>> sums(team.size(), List<double>(numbers));
  team.run([&](ThreadTeam::Worker& worker) {
    T* const part = parts[worker.index()].data();
    double* const f = sums[worker.index()].data();
    worker.phase(tiles, [&](std::size_t tile) {
      for (std::size_t i = 0; i < numbers; i++) f[i] = static_cast<double>(layer.output_bias()[i / kSampleTile]);
      for (std::size_t chunk = 0; chunk < chunks_of(layer); chunk++) {
        chunk_values(layer, x, tile * kSampleTile, chunk, part);
        for (std::size_t i = 0; i < numbers; i++) f[i] += static_cast<double>(part[i]);
      }
      use(tile, f, worker.index());
    });
  });
}

template <class T>
List<double> predict_as(const Network& network, const List<Array<double>>& x, std::size_t count, int threads,
                        Monitor& monitor) {
  const Layer<T> layer(network);
  List<Array<T>> columns;
  List<const T*> at;
  for (const Array<double>& column : x) {
    columns.push_back(padded_column<T>(column, count));
    at.push_back(columns.back().data());
  }
  const auto outputs = static_cast<std::size_t>(network.outputs);
  List<double> result(count * outputs);
  const std::size_t tiles = (count + kSampleTile - 1) / kSampleTile;
  ThreadTeam team(team_size(network, count, threads), monitor);
  all_values(layer, at.data(), tiles, team, [&](std::size_t tile, const double* f, int) {
    const std::size_t first = tile * kSampleTile;
    for (std::size_t i = 0; i < std::min(kSampleTile, count - first); i++)
      for (std::size_t o = 0; o < outputs; o++) result[(first + i) * outputs + o] = f[o * kSampleTile + i];
  });
  return result;
}

}  // namespace

template <class T>
double mean_loss(const Layer<T>& layer, const Columns<T>& data, Loss loss, ThreadTeam& team) {
  const int outputs = layer.layout.outputs;
  const std::size_t numbers = kSampleTile * usize(outputs);
  List<double> of_tile(data.tiles());
  List<List<double>> scratch(team.size(), List<double>(2 * numbers + kSampleTile));
  all_values(layer, data.x().data(), data.tiles(), team, [&](std::size_t tile, const double* f, int worker) {
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

int team_size(const Network& network, std::size_t rows, int threads) {
  // Multiply-adds, roughly, that keep one thread busy for longer than the team takes to meet.
  constexpr double kWorkOfMember = 2e5;
  const double work = static_cast<double>(rows) * network.width * (network.inputs + network.outputs + 8.0);
  return static_cast<int>(std::clamp(work / kWorkOfMember, 1.0, static_cast<double>(threads)));
}

List<double> predict(const Network& network, const List<Array<double>>& x, std::size_t count, bool single, int threads,
                     Monitor& monitor) {
  return single ? predict_as<float>(network, x, count, threads, monitor)
                : predict_as<double>(network, x, count, threads, monitor);
}

template void chunk_values(const Layer<float>&, const float* const*, std::size_t, std::size_t, float*);
template void chunk_values(const Layer<double>&, const double* const*, std::size_t, std::size_t, double*);
template double mean_loss(const Layer<float>&, const Columns<float>&, Loss, ThreadTeam&);
template double mean_loss(const Layer<double>&, const Columns<double>&, Loss, ThreadTeam&);

}  // namespace fewpoints
