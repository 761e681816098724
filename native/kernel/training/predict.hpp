// The values of a network on rows.
#pragma once
#include <cstddef>

#include "base/list.hpp"
#include "base/status.hpp"
#include "training/network.hpp"

namespace fewpoints {

// f of every row, row-major. x: one array per column. single: computed in float32. Throws Cancelled, std::bad_alloc.
List<double> predict(const Network& network, const List<Array<double>>& x, std::size_t count, bool single, int threads,
                     Monitor& monitor);

}  // namespace fewpoints
