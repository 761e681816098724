#include "training/predict.hpp"

#include <algorithm>

#include "training/values.hpp"

namespace fewpoints {
namespace {

template <class T>
List<double> predict_as(const Network& network, const List<Array<double>>& x, std::size_t count, int threads,
                        Monitor& monitor) {
  const Layer<T> layer(network);
  const Columns<T> data(count, x, {}, {});
  const auto outputs = static_cast<std::size_t>(network.outputs);
  List<double> result(count * outputs);
  ThreadTeam team(team_size(forward_work(network, static_cast<double>(count)), threads), monitor);
  all_values(layer, data, team, [&](std::size_t tile, const double* f, int) {
    const std::size_t first = tile * kSampleTile;
    for (std::size_t i = 0; i < std::min(kSampleTile, count - first); i++)
      for (std::size_t o = 0; o < outputs; o++) result[(first + i) * outputs + o] = f[o * kSampleTile + i];
  });
  return result;
}

}  // namespace

List<double> predict(const Network& network, const List<Array<double>>& x, std::size_t count, bool single, int threads,
                     Monitor& monitor) {
  return single ? predict_as<float>(network, x, count, threads, monitor)
                : predict_as<double>(network, x, count, threads, monitor);
}

}  // namespace fewpoints
