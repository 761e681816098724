// Which rows each batch of an epoch has: drawn from the seed and the epoch's number, and from nothing else.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/list.hpp"

namespace fewpoints {

class Batches {
 public:
  // weights: of the rows, or nullptr. With replacement: rows are drawn with probability proportional to the weight;
  // without: every epoch has its own permutation, cut into batches, the last one may be shorter.
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
  // Alias table (Vose 1991): a cell keeps its own row below its share, else it gives the other one.
  List<double> share_;
  List<std::uint32_t> other_;
};

}  // namespace fewpoints
