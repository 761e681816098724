#include "polynomial/framed_moments.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace fewpoints {
namespace {

using Product = List<MultiIndices::Power>;

std::map<std::vector<MultiIndices::Power>, int> places(const MultiIndices& indices) {
  std::map<std::vector<MultiIndices::Power>, int> out;
  Product powers;
  for (int e = 0; e < indices.count; e++) {
    indices.powers(e, powers);
    out.emplace(powers, e);
  }
  return out;
}

// A number in units of 2^from becomes one in units of 2^to.
double in_units(double x, int from, int to) { return std::ldexp(x, from - to); }

double total_weight(const FramedMoments& moments) { return moments.high[0] + moments.low[0]; }

// The frame, reach and unit of weights for both sets. It has no moments.
FramedMoments united(const FramedMoments& a, const FramedMoments& b) {
  FramedMoments both;
  both.weight_exponent = std::max(a.weight_exponent, b.weight_exponent);
  const double wa = in_units(total_weight(a), a.weight_exponent, both.weight_exponent);
  const double wb = in_units(total_weight(b), b.weight_exponent, both.weight_exponent);
  for (std::size_t c = 0; c < a.reach.size(); c++) {
    const int ea = a.frame.exponent[c], eb = b.frame.exponent[c], most = std::max(ea, eb);
    const double ca = in_units(a.frame.centre[c], ea, most), cb = in_units(b.frame.centre[c], eb, most);
    const double centre = ca + (cb - ca) * (wb / (wa + wb));
    const double reach = std::max(in_units(a.reach[c], ea, most) + std::fabs(ca - centre),
                                  in_units(b.reach[c], eb, most) + std::fabs(cb - centre));
    const int exponent = reach > 0 ? most + std::ilogb(reach) + 1 : most;
    both.frame.exponent.push_back(exponent);
    both.frame.centre.push_back(in_units(centre, most, exponent));
    both.reach.push_back(in_units(reach, most, exponent));
  }
  return both;
}

}  // namespace

RunningMoments::RunningMoments(const PolynomialSpace& space) : indices_(space) {
  const auto place = places(indices_);
  Product powers;
  for (int e = 0; e < indices_.count; e++) {
    first_.push_back(static_cast<int>(lower_.size()));
    indices_.powers(e, powers);
    for (std::size_t f = 0; f < powers.size(); f++) {
      Product less = powers;
      if (--less[f].degree == 0) less.erase(less.begin() + static_cast<std::ptrdiff_t>(f));
      lower_.push_back({powers[f].axis, powers[f].degree, place.at(less)});
    }
  }
  first_.push_back(static_cast<int>(lower_.size()));
}

void RunningMoments::add(const FramedMoments& moments) {
  if (empty()) {
    all_ = moments;
    return;
  }
  FramedMoments both = united(all_, moments), other = moments;
  bring(all_, both);
  bring(other, both);
  for (int e = 0; e < indices_.count; e++) {
    const DoubleDouble sum = DoubleDouble(all_.high[e], all_.low[e]) + DoubleDouble(other.high[e], other.low[e]);
    both.high.push_back(sum.high);
    both.low.push_back(sum.low);
  }
  all_ = std::move(both);
}

// z' = r z + t on each axis: z'^d = sum over j of C(d, j) t^(d - j) (r z)^j. One axis at a time, in place: a product
// uses those with fewer powers of the axis, which come before it in the list, and the list is gone through backwards.
void RunningMoments::bring(FramedMoments& moments, const FramedMoments& to) const {
  for (double* sums : {moments.high.data(), moments.low.data()})
    for (int e = 0; e < indices_.count; e++) sums[e] = in_units(sums[e], moments.weight_exponent, to.weight_exponent);
  const auto m = static_cast<int>(to.reach.size());
  List<DoubleDouble> shift(m);
  List<int> scale(m);
  for (int a = 0; a < m; a++) {
    scale[a] = moments.frame.exponent[a] - to.frame.exponent[a];
    shift[a] = two_sum(std::ldexp(moments.frame.centre[a], scale[a]), -to.frame.centre[a]);
  }
  for (int axis = 0; axis < m; axis++) {
    if (scale[axis] == 0 && shift[axis].high == 0) continue;
    for (int e = indices_.count - 1; e > 0; e--) {
      int degree = 0, product = e;
      const auto step = [&] {  // to one power less; returns whether the product has any
        for (int f = first_[product]; f < first_[product + 1]; f++)
          if (lower_[f].axis == axis) {
            product = lower_[f].product;
            return true;
          }
        return false;
      };
      for (int f = first_[e]; f < first_[e + 1]; f++)
        if (lower_[f].axis == axis) degree = lower_[f].degree;
      if (degree == 0) continue;
      DoubleDouble sum, binomial = 1, power = 1;  // C(degree, j), t^(degree - j)
      for (int j = degree;; j--) {
        const DoubleDouble old(std::ldexp(moments.high[product], scale[axis] * j),
                               std::ldexp(moments.low[product], scale[axis] * j));
        sum = sum + binomial * power * old;
        if (j == 0) break;
        binomial = binomial * DoubleDouble(j) / DoubleDouble(degree - j + 1);
        power = power * shift[axis];
        step();
      }
      moments.high[e] = sum.high;
      moments.low[e] = sum.low;
    }
  }
}

}  // namespace fewpoints
