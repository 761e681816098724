// The memory that large jobs take beside the copy of their input, in bytes, known before they begin. It is that of
// tables with the square of the number of features, and a high order makes these of a small file. The estimate is
// within a third of the true number where that is more than 2^28 bytes. Nobody asks for smaller ones.
#pragma once
#include <cstddef>

#include "compression/compress.hpp"

namespace fewpoints {

// For each cell that is worked on at a time: one tableau of 8 * features * columns bytes, and the features of the
// points that are kept. There are about 2 (3000 features and more) to 9 columns per feature, but no more than points.
// With free support in one column also four numbers for each point of such a cell.
double working_bytes_of_compress(std::size_t points, const CompressOptions& options);
double working_bytes_of_recombine(std::size_t points, std::size_t features);
// The second derivatives: features^2 numbers for each thread, and a few more.
double working_bytes_of_match(std::size_t points, std::size_t features, int threads);
// A few numbers for each feature and chunk of points.
double working_bytes_of_sums(std::size_t points, std::size_t features);

}  // namespace fewpoints
