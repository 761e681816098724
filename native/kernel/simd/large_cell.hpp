// Which cells are large.
#pragma once

namespace fewpoints {

// From so many moments on, the matrices of as many cells as there are lanes leave the second-level cache. Such cells
// are solved one after the other, and each takes about a millisecond.
constexpr int kManyMoments = 100;

}  // namespace fewpoints
