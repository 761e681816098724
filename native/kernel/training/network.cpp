#include "training/network.hpp"

#include <algorithm>
#include <string>

#include "base/status.hpp"

namespace fewpoints {

double forward_work(const Network& network, double rows) {
  return rows * std::max(network.width, static_cast<int>(kNeuronTile)) *
         (static_cast<double>(network.inputs) + network.outputs + 8);
}

Rows::Rows(const PointsView& x_view, const PointsView& y_view, const NumbersView& weights_view, const char* x_name,
           const char* y_name)
    : count(x_view.count) {
  if (y_view.count != count) throw Error(Code::Shape, std::string(x_name) + " and " + y_name + " differ in rows");
  copy_finite(x_view, x_name, x);
  copy_finite(y_view, y_name, y);
  if (weights_view.data == nullptr) return;
  copy_weights(weights_view, count, weights);
  bring_into_range(weights);  // they count by their ratios
}

}  // namespace fewpoints
