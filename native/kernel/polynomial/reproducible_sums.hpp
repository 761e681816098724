// Sums of products of powers or of Legendre polynomials over a weighted set, in double-double and added without
// rounding (reproducible summation: Demmel, Nguyen 2013). This file splits features into left and right factors, and
// makes one result from the parts of threads and chunks. The heavy loops are in simd/sums/reproducible.cpp.
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
  List<double> bounds;      // on the errors of the sums: the parts that were cut off
};

// Bounds on the points that are summed over: |scale (x - centre)| <= reach on each axis, and weights <= heaviest.
struct Bounds {
  List<double> reach;
  double heaviest = 1;
};

Bounds bounds_of(const double* const* x, const double* w, std::size_t n, const List<double>& centre,
                 const List<double>& scale, int threads, Monitor& monitor);

class ProductBasis {
 public:
  // phi_e = product over the axes a of p_{e_a}(t_a), with t = scale (x - centre). The e come in the order of the
  // indices.
  ProductBasis(const MultiIndices& indices, Basis basis, List<double> centre, List<double> scale);

  // Sums are made in two parts and without rounding on the way; scale must hold powers of two. The bits are the same
  // for any order of the points and any number of threads. The parts that are cut off are made negligible against sum w
  // |phi_e| when magnitudes are asked for, else against `sizes` if given, else against |sum w phi_e|. The source file
  // bounds the error.
  ReproducibleSums reproducible_sums(const double* const* x, const double* w, std::size_t n, const Bounds& bounds,
                                     bool magnitudes, const List<double>* sizes, int threads, Monitor& monitor,
                                     Stage stage) const;

  // Whether reproducible_sums() can hold every product. Otherwise a coordinate is so large that powers overflow.
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
  List<int> feature_;  // per slot: the place in the caller's order
  // The factors of slot s: powers_[first_power_[s] .. first_power_[s + 1]).
  List<MultiIndices::Power> powers_;
  List<std::size_t> first_power_{0};
  List<double> centre_, scale_, legendre_high_, legendre_low_;
};

}  // namespace fewpoints
