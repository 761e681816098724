#include "polynomial/reproducible_sums.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/array.hpp"
#include "base/list.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

using Power = MultiIndices::Power;
using Product = List<Power>;

// A product keeps kHighBits bits above g1, and its rest keeps kLowBits bits above g2. The first piece |y| <= 2^48 g1
// leaves |rest| <= g1 / 2. The low parts add at most about 4 k u 2^48 g1 = k g1 / 8, with k <= 255. With 46 more bits
// the second piece stays below 2^51 g2, as it must. The sum of a chunk, at most 2^14 products, fits an int64. The sum
// of any set, at most 2^32 products, fits high 2^46 + low in 128 bits.
constexpr int kHighBits = 48, kLowBits = 46;
// 1.5 2^52 g2 and 1.5 2^52 g1 must be normal numbers.
constexpr int kMinExponent = -900, kMaxExponent = 960;
// When exponents differ by no more than this, all products share one exponent, and the loops keep it in registers.
constexpr int kCommonExponent = 12;
// The largest error of reproducible_sums() that is accepted without a second pass, relative to sum w |phi| or to |sum w
// phi|.
constexpr double kNegligible = 0x1p-64;
// Left factors of more than half the degree are tried only where they may pay: with many axes and few degrees.
constexpr int kManyAxes = 4, kFewDegrees = 3;

struct Parts {
  std::map<Product, int> left_factors, right_factors;
  std::size_t size() const { return left_factors.size() + right_factors.size(); }
};

void insert(std::map<Product, int>& list, Product product) {
  while (list.emplace(product, 0).second && !product.empty())
    product.pop_back();  // and the products that it is made from
}

// The left factor takes the axes before `axes`, as far as its degree stays within `degree`.
void cut_at(const MultiIndices& indices, int e, int axes, int degree, Product& left, Product& right) {
  indices.powers(e, left);
  std::size_t i = 0;
  for (int total = 0; i < left.size() && left[i].axis < axes && total + left[i].degree <= degree; i++)
    total += left[i].degree;
  right.assign(left.begin() + static_cast<std::ptrdiff_t>(i), left.end());
  left.resize(i);
}

Parts parts_of(const MultiIndices& indices, int axes, int degree) {
  Parts parts;
  Product left, right;
  for (int e = 0; e < indices.count; e++) {
    cut_at(indices, e, axes, degree, left, right);
    insert(parts.left_factors, left);
    insert(parts.right_factors, right);
  }
  return parts;
}

// Sorts by degree ascending, within a degree lexicographically descending. The map gets the places.
List<Product> in_order(std::map<Product, int>& list) {
  List<Product> sorted;
  for (const auto& item : list) sorted.push_back(item.first);
  const auto degree = [](const Product& product) {
    int sum = 0;
    for (const Power& power : product) sum += power.degree;
    return sum;
  };
  std::sort(sorted.begin(), sorted.end(), [&](const Product& a, const Product& b) {
    const int da = degree(a), db = degree(b);
    return da != db ? da < db
                    : std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), MultiIndices::is_before);
  });
  for (std::size_t i = 0; i < sorted.size(); i++) list[sorted[i]] = static_cast<int>(i);
  return sorted;
}

int exponent_above(double x) { return x > 0 ? std::max(std::ilogb(x) + 1, kMinExponent) : kMinExponent; }

// high 2^46 + low in units of g2, rounded to a double-double.
DoubleDouble value_of(__int128 high, __int128 low, int g2_exponent) {
  const __int128 total = high * (__int128{1} << kLowBits) + low;
  const double h = static_cast<double>(total);
  const double l = static_cast<double>(total - static_cast<__int128>(h));
  return {std::ldexp(h, g2_exponent), std::ldexp(l, g2_exponent)};
}

}  // namespace

Bounds bounds_of(const double* const* x, const double* w, std::size_t n, const List<double>& centre,
                 const List<double>& scale, int threads, Monitor& monitor) {
  const std::size_t m = centre.size(), chunks = chunk_count(n);
  List<double> low(chunks * (m + 1), 0.0), high(chunks * (m + 1), 0.0);
  parallel_for(chunks, threads, monitor, Stage::Verify, [&](std::size_t c, int) {
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk), at = c * (m + 1);
    for (std::size_t a = 0; a < m; a++) simd().bounds(x[a], begin, end, &low[at + a], &high[at + a]);
    if (w != nullptr) simd().bounds(w, begin, end, &low[at + m], &high[at + m]);
  });
  for (std::size_t c = 1; c < chunks; c++)
    for (std::size_t a = 0; a <= m; a++) {
      low[a] = std::min(low[a], low[c * (m + 1) + a]);
      high[a] = std::max(high[a], high[c * (m + 1) + a]);
    }
  Bounds bounds;
  for (std::size_t a = 0; a < m; a++) {
    const double reach = n > 0 ? std::max(high[a] - centre[a], centre[a] - low[a]) : 0;
    bounds.reach.push_back(reach * scale[a] * (1 + 0x1p-50));  // a difference has an error of half an ulp of itself
  }
  if (w != nullptr) bounds.heaviest = n > 0 ? high[m] : 0;
  return bounds;
}

ProductList ProductBasis::Factors::view() const {
  return {static_cast<int>(parent.size()), parent.data(), axis.data(), degree.data()};
}

ProductBasis::ProductBasis(const MultiIndices& indices, Basis basis, List<double> centre, List<double> scale)
    : centre_(std::move(centre)),
      scale_(std::move(scale)),
      legendre_high_(indices.order + 1, 0.0),
      legendre_low_(indices.order + 1, 0.0) {
  shape_.dimension = indices.dimension;
  shape_.order = indices.order;
  shape_.count = indices.count;
  shape_.legendre = basis == Basis::Legendre;
  for (int j = 1; j <= indices.order; j++) {
    legendre_high_[j] = (j - 1.0) / j;
    legendre_low_[j] = -std::fma(legendre_high_[j], j, -(j - 1.0)) / j;  // the remainder of a division is exact
  }
  split(indices);
  shape_.left_factors = left_factors_.view();
  shape_.right_factors = right_factors_.view();
  shape_.runs = static_cast<int>(runs_.size());
  shape_.run = runs_.data();
  shape_.centre = centre_.data();
  shape_.scale = scale_.data();
  shape_.legendre_high = legendre_high_.data();
  shape_.legendre_low = legendre_low_.data();
}

// The left factor has either all axes below some number, or as many as stay within some degree. The split that needs
// fewer factors in all is taken.
void ProductBasis::split(const MultiIndices& indices) {
  const int m = indices.dimension, k = indices.order;
  int axes = m / 2, degree = k;
  std::int64_t min = moment_count(std::max(axes, 1), k) + moment_count(m - axes, k);
  for (int a = 1; a < m; a++) {
    const std::int64_t size = moment_count(a, k) + moment_count(m - a, k);
    if (size < min) axes = a, min = size;
  }
  if (m >= kManyAxes && k <= kFewDegrees)
    if (static_cast<std::int64_t>(parts_of(indices, m, (k + 1) / 2).size()) < min) axes = m, degree = (k + 1) / 2;

  Parts parts = parts_of(indices, axes, degree);
  const List<Product> left_factors = in_order(parts.left_factors), right_factors = in_order(parts.right_factors);
  const auto describe = [](const List<Product>& from, const std::map<Product, int>& place, Factors& to) {
    for (Product product : from) {
      const Power last = product.empty() ? Power{0, 0} : product.back();
      if (!product.empty()) product.pop_back();
      to.axis.push_back(last.axis);
      to.degree.push_back(last.degree);
      to.parent.push_back(place.at(product));
    }
  };
  describe(left_factors, parts.left_factors, left_factors_);
  describe(right_factors, parts.right_factors, right_factors_);
  struct Pair {
    int left, right, feature;
  };
  List<Pair> pairs;
  Product left, right;
  for (int e = 0; e < indices.count; e++) {
    cut_at(indices, e, axes, degree, left, right);
    pairs.push_back({parts.left_factors.at(left), parts.right_factors.at(right), e});
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.left != b.left ? a.left < b.left : a.right < b.right; });
  for (const Pair& pair : pairs) {
    if (!runs_.empty() && runs_.back().left == pair.left && runs_.back().right + runs_.back().count == pair.right)
      runs_.back().count++;
    else
      runs_.push_back({pair.left, pair.right, 1, static_cast<int>(feature_.size())});
    feature_.push_back(pair.feature);
    indices.powers(pair.feature, left);
    powers_.insert(powers_.end(), left.begin(), left.end());
    first_power_.push_back(powers_.size());
  }
}

// p_j| <= reach^j, or |P_j| <= max(1, P_j(reach)). The result is a little larger, for rounding here and in the sums.
double ProductBasis::bound(int slot, const Bounds& bounds) const {
  double b = bounds.heaviest;
  for (std::size_t i = first_power_[slot]; i < first_power_[slot + 1]; i++) {
    const int degree = powers_[i].degree;
    const double t = bounds.reach[powers_[i].axis];
    if (!shape_.legendre) {
      for (int j = 0; j < degree; j++) b *= t;
    } else if (t > 1) {
      double before = 1, now = t;
      for (int j = 2; j <= degree; j++) {
        const double next = ((2 * j - 1) * t * now - (j - 1) * before) / j;
        before = now;
        now = next;
      }
      if (degree > 0) b *= now;
    }
  }
  return b * (1 + 0x1p-30);
}

bool ProductBasis::holds(const Bounds& bounds) const {
  for (int e = 0; e < count(); e++)
    if (!(bound(e, bounds) < std::ldexp(1.0, kMaxExponent))) return false;
  return true;
}

// There are three errors. First, the part that is cut from a product is at most g2 / 2 = 2^(E - 95), where 2^E is above
// every |w phi_e|. Second, the rounding of its rest is 2^-53 of at most 2^(E - 44). Third, the second order of the
// double-double products is below (2 k + m)^2 2^-105 w |phi|. With E from the largest of the products themselves, 2^E
// <= 2 max w |phi| <= 2 sum w |phi|, so the first two are below n 2^-93 of sum w |phi|: 10^-19 for 10^9 points. E from
// the bounds costs nothing and is nearly always good enough. The sums themselves and the number of points decide
// whether it is. Both are independent of the order of the points.
ReproducibleSums ProductBasis::reproducible_sums(const double* const* x, const double* w, std::size_t n,
                                                 const Bounds& bounds, bool magnitudes, const List<double>* sizes,
                                                 int threads, Monitor& monitor, Stage stage) const {
  List<int> exponents(count());
  for (int e = 0; e < count(); e++) exponents[e] = exponent_above(bound(e, bounds));
  const auto [min, max] = std::minmax_element(exponents.begin(), exponents.end());
  if (*max - *min <= kCommonExponent) std::fill(exponents.begin(), exponents.end(), *max);
  ReproducibleSums totals = collect(x, w, n, exponents, magnitudes, threads, monitor, stage);
  bool good = true;
  for (int e = 0; e < count() && good; e++) {
    const double size = magnitudes ? totals.magnitudes[e]
                        : sizes    ? (*sizes)[e]
                                   : std::fabs(static_cast<double>(totals.sums[e]));
    good = totals.bounds[e] <= kNegligible * size;
  }
  if (good) return totals;
  return collect(x, w, n, tight_exponents(x, w, n, threads, monitor, stage), magnitudes, threads, monitor, stage);
}

// Calls body(chunk, begin, end, workspace) for every chunk of the points.
template <class Body>
void ProductBasis::each_chunk(std::size_t n, int threads, Monitor& monitor, Stage stage, const Body& body) const {
  List<Array<double>> workspaces(std::max(threads, 1));
  parallel_for(chunk_count(n), threads, monitor, stage, [&](std::size_t c, int thread) {
    Array<double>& workspace = workspaces[thread];
    if (workspace.size() == 0) workspace.reset(simd().product_workspace(shape_));
    body(c, c * kChunk, std::min(n, (c + 1) * kChunk), workspace.data());
  });
}

List<int> ProductBasis::tight_exponents(const double* const* x, const double* w, std::size_t n, int threads,
                                        Monitor& monitor, Stage stage) const {
  const std::size_t chunks = chunk_count(n), N = static_cast<std::size_t>(count());
  List<double> parts(chunks * N);
  each_chunk(n, threads, monitor, stage, [&](std::size_t c, std::size_t begin, std::size_t end, double* workspace) {
    simd().product_largest(shape_, x, w, begin, end, parts.data() + c * N, workspace);
  });
  List<int> exponents(N);
  for (std::size_t e = 0; e < N; e++) {
    double max = 0;
    for (std::size_t c = 0; c < chunks; c++) max = std::max(max, parts[c * N + e]);
    // Plain values differ from the double-double ones by a few roundings, relative to the largest.
    exponents[e] = exponent_above(max * (1 + 0x1p-30));
  }
  return exponents;
}

ReproducibleSums ProductBasis::collect(const double* const* x, const double* w, std::size_t n,
                                       const List<int>& exponents, bool magnitudes, int threads, Monitor& monitor,
                                       Stage stage) const {
  const std::size_t chunks = chunk_count(n), N = static_cast<std::size_t>(count());
  List<double> m1(N), m2(N);
  for (std::size_t e = 0; e < N; e++) {
    m1[e] = std::ldexp(1.5, 52 + exponents[e] - kHighBits);
    m2[e] = std::ldexp(1.5, 52 + exponents[e] - kHighBits - kLowBits);
  }
  List<std::int64_t> high(chunks * N), low(chunks * N);
  List<double> parts(magnitudes ? chunks * N : 0);
  each_chunk(n, threads, monitor, stage, [&](std::size_t c, std::size_t begin, std::size_t end, double* workspace) {
    simd().reproducible_sums(shape_, x, w, begin, end, {m1.data(), m2.data(), high.data() + c * N, low.data() + c * N},
                             magnitudes ? parts.data() + c * N : nullptr, workspace);
  });
  ReproducibleSums totals;
  totals.sums.resize(N);
  totals.bounds.resize(N);
  if (magnitudes) totals.magnitudes.resize(N);
  for (std::size_t e = 0; e < N; e++) {
    __int128 h = 0, l = 0;
    double magnitude = 0;
    for (std::size_t c = 0; c < chunks; c++) {
      h += high[c * N + e];
      l += low[c * N + e];
      if (magnitudes) magnitude += parts[c * N + e];
    }
    const int f = feature_[e];
    totals.sums[f] = value_of(h, l, exponents[e] - kHighBits - kLowBits);
    totals.bounds[f] = std::ldexp(static_cast<double>(n), exponents[e] - kHighBits - kLowBits);
    if (magnitudes) totals.magnitudes[f] = magnitude;
  }
  return totals;
}

}  // namespace fewpoints
