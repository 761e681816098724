// The rows of each batch of an epoch. They depend on the seed and the number of the epoch alone.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/list.hpp"

namespace fewpoints {

class Batches {
 public:
  // With replacement, each row is drawn with probability proportional to its weight (weights nullptr: all alike), and
  // batches = 0 means as many as hold `rows` rows. Without replacement, each epoch cuts its own permutation of all rows
  // into batches; the last one may be shorter, and `batches` is not read.
  Batches(std::size_t rows, const double* weights, std::size_t batch, std::size_t batches, bool replacement,
          std::uint64_t seed);
  std::size_t count() const { return batches_; }
  void draw(std::size_t epoch);
  const std::uint32_t* rows(std::size_t b) const { return order_.data() + b * batch_; }
  std::size_t size(std::size_t b) const { return b + 1 < batches_ ? batch_ : order_.size() - b * batch_; }

 private:
  std::size_t count_, batch_, batches_;
  bool replacement_;
  std::uint64_t seed_;
  List<std::uint32_t> order_;
  // Alias table (Vose 1991): an entry gives its own row with probability share_, else the row other_.
  List<double> share_;
  List<std::uint32_t> other_;
};

}  // namespace fewpoints
