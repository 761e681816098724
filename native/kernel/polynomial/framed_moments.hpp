// Moments of a set in a frame of its own, in double-double, and how those of several sets are added: each is brought to
// a frame for all of them first, by the binomial theorem. So the moments of a stream are known however far it drifts.
#pragma once
#include "base/double_double.hpp"
#include "base/list.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

// The coordinates z = x / 2^exponent - centre of each column. So |z| < 1 for all points of a set, about its mean.
struct Frame {
  List<double> centre;
  List<int> exponent;
};

struct FramedMoments {
  Frame frame;
  List<double> reach;       // |z| <= reach, one per column
  int weight_exponent = 0;  // weights are in units of 2^weight_exponent
  List<double> high, low;   // sum w z^a = high + low, in the order of the multi-indices; the first is the total weight
};

// The moments of all sets that were added. The space must have every divisor of each of its monomials.
class RunningMoments {
 public:
  explicit RunningMoments(const PolynomialSpace& space);
  // About 2^-100 of sum w (|r z| + |t|)^a is lost, r z + t being the new coordinates. The frames of both sets lie at
  // their means, so that this is no more than a few times sum w |z'^a|.
  void add(const FramedMoments& moments);
  bool empty() const { return all_.high.empty(); }
  const FramedMoments& all() const { return all_; }
  // Goes on from moments of the same space.
  void restore(FramedMoments all) { all_ = std::move(all); }
  std::size_t count() const { return usize(indices_.count); }

 private:
  void bring(FramedMoments& moments, const FramedMoments& to) const;
  MultiIndices indices_;
  // For each factor of a product, the product with one power less of that factor, from first_[e] on.
  struct Lower {
    int axis, degree, product;
  };
  List<Lower> lower_;
  List<int> first_;
  FramedMoments all_;
};

}  // namespace fewpoints
