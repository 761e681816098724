// Sums of products of powers or of Legendre polynomials over a weighted set, in double-double and added without
// rounding: how the features are split into left and right factors, and how the pieces of threads and chunks become one
// result. The heavy loops are in
// simd/sums/reproducible.cpp.
#pragma once
#include <cstdint>

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/space.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

enum class Basis { Monomial, Legendre };

struct ReproducibleSums {
  List<DoubleDouble> sums;
  List<double> magnitudes;  // sum w |phi_e|, to about 1e-13; empty when not asked for
  List<double> bounds;      // of the errors of the sums, from the parts that were cut off
};

// Of the points that are summed over: |scale (x - centre)| <= reach on each axis, and weights <= heaviest.
struct Bounds {
  List<double> reach;
  double heaviest = 1;
};

Bounds bounds_of(const double* const* x, const double* w, std::size_t n, const List<double>& centre,
                 const List<double>& scale);

class ProductBasis {
 public:
  // phi_e = product over the axes a of p_{e_a}(t_a), t = scale (x - centre), e in the order of the indices.
  ProductBasis(const MultiIndices& indices, Basis basis, List<double> centre, List<double> scale);

  // In two parts and without rounding on the way; scale must be powers of two. sums are equal bit for bit for any order
  // of the points and any number of threads. What is cut off is made negligible against sum w |phi_e| when magnitudes
  // are asked for, else against `sizes` if given, else against |sum w phi_e|. See the source for the bound of the
  // error.
  ReproducibleSums reproducible_sums(const double* const* x, const double* w, std::size_t n, const Bounds& bounds,
                                     bool magnitudes, const List<double>* sizes, int threads, Monitor& monitor,
                                     Stage stage) const;

  // Whether reproducible_sums() can hold every product; else a coordinate is so large that powers overflow.
  bool holds(const Bounds& bounds) const;

  int count() const { return shape_.count; }
  ProductBasis(const ProductBasis&) = delete;
  ProductBasis& operator=(const ProductBasis&) = delete;

 private:
  struct Factors {
    List<int> parent, axis, degree;
    ProductList view() const;
  };
  void split(const MultiIndices& indices);
  double bound(int slot, const Bounds& bounds) const;
  ReproducibleSums collect(const double* const* x, const double* w, std::size_t n, const List<int>& exponents,
                           bool magnitudes, int threads, Monitor& monitor, Stage stage) const;
  template <class Body>
  void each_chunk(std::size_t n, int threads, Monitor& monitor, Stage stage, const Body& body) const;
  List<int> tight_exponents(const double* const* x, const double* w, std::size_t n, int threads, Monitor& monitor,
                            Stage stage) const;

  ProductShape shape_{};
  Factors left_factors_, right_factors_;
  List<ProductRun> runs_;
  List<int> feature_;  // of each slot: place in the caller's order
  // The factors of slot s: powers_[first_power_[s] .. first_power_[s + 1]).
  List<MultiIndices::Power> powers_;
  List<std::size_t> first_power_{0};
  List<double> centre_, scale_, legendre_high_, legendre_low_;
};

}  // namespace fewpoints
