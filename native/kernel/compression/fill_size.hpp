// Uses up the size. A cell of N moments keeps fewer than N points where the moments depend on each other on its points:
// equal points, lattices, curves, points of lower dimension. The partition knows nothing of that. So its first cut is
// judged by a sample of its cells, and then cells are divided further until the size is used up.
#pragma once
#include <functional>
#include <memory>

#include "base/status.hpp"
#include "compression/ladder.hpp"
#include "partition/partition.hpp"

namespace fewpoints {

// Solves all cells, and divides cells until at least 97 % of the bound of the partition is kept, where so many
// distinct points and useful cuts exist. fresh: makes a ladder for the present cells of the partition.
std::unique_ptr<Ladder> solve_and_fill(Partition& partition, const std::function<std::unique_ptr<Ladder>()>& fresh,
                                       int threads, Monitor& monitor);

}  // namespace fewpoints
