// What the large jobs take beside the copy of their input, in bytes, known before they begin: tables with the square of
// the number of features, which a high order makes of a small file. Within a third of what is used where it is more
// than 2^28 bytes; below, nobody asks.
#pragma once
#include <cstddef>

#include "compression/compress.hpp"

namespace fewpoints {

// One tableau of 8 * features * columns, columns about 2 (3000 features and more) to 9 times the features but no more
// than the points, and the features of what is kept; for each cell that is worked on at a time.
double working_bytes_of_compress(std::size_t points, const CompressOptions& options);
double working_bytes_of_recombine(std::size_t points, std::size_t features);
// Second derivatives: features^2, of each thread and a few more.
double working_bytes_of_match(std::size_t points, std::size_t features, int threads);
// A few numbers for each feature and chunk of points.
double working_bytes_of_sums(std::size_t points, std::size_t features);

}  // namespace fewpoints
