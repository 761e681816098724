// The functions that are compiled once per instruction set, and the table through which the kernel calls them. They
// take plain pointers and structs only; simd/vector/vector.hpp says why.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "simd/limits.hpp"
#include "simd/network_kernels.hpp"

namespace fewpoints {

// Long loops ask this from time to time. When it returns true, they give up at once, whatever their state.
struct Stop {
  bool (*asked)(const void* monitor) = nullptr;
  const void* monitor = nullptr;
  __attribute__((always_inline)) bool operator()() const { return asked != nullptr && asked(monitor); }
};

// ---- points

// The caller's matrix: element (i, a) is data[i * row_stride + a * column_stride].
struct CopyFrom {
  const void* data;
  bool is_float32;
  ptrdiff_t row_stride, column_stride;
};

// ---- partition

// A regular grid. Axis i divides column[i] into bins[i] bins of width 1 / scale[i]; the first one begins at low[i].
constexpr int kMaxGridAxes = 8;  // each has at least two bins, and a byte holds the number of a bin
struct GridAxes {
  int count;
  int column[kMaxGridAxes], bins[kMaxGridAxes], stride[kMaxGridAxes];
  double low[kMaxGridAxes], scale[kMaxGridAxes];
};

// Sums of w d and w d^2 over one column, and the least and the largest of 0 and all d, where d = x - origin.
struct Spread {
  double first, second, low, high;
};

// ---- one cell

// The tables of (m, k) that the kernels read. They are made once per call.
struct CellShape {
  int dimension, order, count;  // m, k, N
  int samples;                  // S, a multiple of 8: candidates for the support
  const int* parent;            // N: feature e = feature parent[e] * p_degree[e](t_axis[e])
  const int* axis;
  const int* degree;
  const double* norm;  // N: factor that makes the Legendre product orthonormal on [-1,1]^m
  double pivot_share;  // the pivot is the first candidate of at least this share of the largest; 1: the largest
  int instance;        // compile-time instance for (m, k), or -1
  bool mixable;        // whether columns may be mixed: all orders but the highest stay the same space
  double accepted;     // an answer with a larger residual is tried again in a fitted basis
};

struct CellPoints {
  const double* const* x;  // m columns
  const double* w;         // nullptr: all 1
  size_t count;
  Stop stop;
};

// Returned in place of a count when a cell was not solved. kCellNotSolved: its features are too badly conditioned on
// its points. kCellTooMany: its candidates did not suffice; more of them may.
constexpr int kCellNotSolved = -1, kCellTooMany = -2;
struct CellResult {
  int count;        // points kept, or one of the two above
  double residual;  // largest of |sum v phi - b| / mass over the features phi, orthonormal on the box or on the points
};

// ---- free points of cells

// A rule of `nodes` points for N features, which are orthonormal under the uniform probability of [-1, 1]^m. Free
// points begin from it.
struct FreeShape {
  int dimension, order, count, nodes;  // m, k, N, n
  const int* parent;                   // N: feature e = feature parent[e] * p_degree[e](t_axis[e])
  const int* axis;
  const int* degree;
  const double* points;   // nodes x m
  const double* weights;  // nodes
  const double* first;    // N rows of nodes (m + 1) rounded up to a multiple of 8, aligned: see free_first
};
// Cells whose points are sought, and where they are written to.
struct FreeBatch {
  int count;
  bool from_rule;         // begin from the rule and its first step, instead of from what points and weights hold
  const double* targets;  // count x N: the moments of each cell for a mass of 1
  double* points;         // count x nodes x m, within [-1, 1]
  double* weights;        // count x nodes, positive
  double* residuals;      // count: the 2-norm of the error of the moments; HUGE_VAL: no points were found
  Stop stop;
};

// ---- double-double moments

// Features are products of polynomials in t = map (x - centre), each by a three-term recurrence. All of it is computed
// in double-double.
struct BasisShape {
  int dimension, order, count;  // of t
  int inner;                    // features of degree < order: they come first, and only they are parents
  const int* parent;
  const int* axis;
  const int* degree;
  const double* a;  // recurrence coefficients, dimension x order
  const double* b;
  const double* c;
  bool monomial;         // a = 1, b = c = 0
  int columns;           // of x
  const double* centre;  // columns
  const double* map;     // dimension x columns, or nullptr: t = scale * (x - centre), dimension == columns
  const int* from;       // nullptr, or the one column that each t depends on: map then has one factor per row
  const double* scale;   // columns, powers of two, used when map is nullptr
};

// ---- sums over groups of rows

struct Segment {
  size_t begin, end;  // rows
};

// Products of univariate polynomials in t = (x - centre) * inverse, in an order that visits every feature once. There
// are `lower` features without the last axis; each is followed by its products with the powers of the last axis.
struct GroupShape {
  int dimension, order, count, lower;
  const int* lower_parent;  // lower: index of an earlier lower feature
  const int* lower_factor;  // lower: axis * (order + 1) + degree
  const int* powers;        // lower: how many powers of the last axis follow, the zeroth included
  const int* place;         // count: number of the feature in the caller's order
  const double* a;          // recurrence coefficients, dimension x order
  const double* b;
  const double* c;
  const double* centre;  // dimension
  const double* inverse;
};

// ---- sums of products

// Products of one-dimensional polynomials. Product 0 is 1, or the weight; product i is product parent[i] times
// p_degree[i](t_axis[i]).
struct ProductList {
  int count;
  const int* parent;
  const int* axis;
  const int* degree;
};
// Features [first, first + count) are left factor `left` times right factors [right, right + count).
struct ProductRun {
  int left, right, count, first;
};
// t = scale (x - centre); p_j = t^j, or Legendre's P_j.
struct ProductShape {
  int dimension, order, count;
  bool legendre;
  ProductList left_factors, right_factors;
  int runs;
  const ProductRun* run;
  const double* centre;
  const double* scale;          // powers of two for reproducible_sums
  const double* legendre_high;  // order + 1: (j - 1) / j = high + low
  const double* legendre_low;
};
// Per feature: sum = high g1 + low g2, m1 = 1.5 2^52 g1, m2 = 1.5 2^52 g2.
struct ProductPieces {
  const double* m1;
  const double* m2;
  int64_t* high;
  int64_t* low;
};

// The columns that rank_update packs together. Their part of the panel stays in the second cache, and their part of a
// row is long enough for the processor to fetch it ahead.
constexpr size_t kPackedColumns = 1024;

struct SimdKernels {
  const char* name;

  // Copies into one array per column. largest[a] is the largest magnitude of the column, as the bits of a double. Such
  // bits sort like the numbers; those of infinity and NaN are the largest.
  void (*copy_columns)(const CopyFrom& from, size_t count, int columns, double* const* to, uint64_t* largest);
  uint64_t (*largest_bits)(const double* x, size_t count);

  // keys[i - begin] is the bin of point i: the sum over the axes of index times stride. May write keys up to the next
  // multiple of 8.
  void (*grid_keys)(const GridAxes& axes, const double* const* columns, size_t begin, size_t end, uint8_t* keys);
  // The least and the largest of x[begin, end), which must not be empty.
  void (*bounds)(const double* x, size_t begin, size_t end, double* low, double* high);
  double (*sum)(const double* x, size_t begin, size_t end);
  Spread (*spread)(const double* x, const double* w, double origin, size_t begin, size_t end);

  // Compile-time instance for (m, k), or -1.
  int (*cell_instance)(int dimension, int order);
  size_t (*cell_workspace)(const CellShape& shape, size_t largest_cell);  // in doubles
  CellResult (*cell)(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                     double* weights);

  // The box of the points, and the moments of the Legendre products that are orthonormal under its uniform probability:
  // b[0] is the mass. False when a column is constant. b has room for N rounded up to a multiple of 8.
  bool (*cell_moments)(const CellShape& shape, const CellPoints& points, double* workspace, double* low, double* high,
                       double* b);
  size_t (*moment_workspace)(const CellShape& shape);  // in doubles
  // Row e is the step from the rule that answers a defect of 1 in feature e: for each node that of its weight, then
  // those of its coordinates. It is the shortest in units of the weights and of the room of the coordinates.
  void (*free_first)(const FreeShape& shape, double* first, double* workspace);
  // Points and weights with the moments of each cell, by shortest steps of Newton's method.
  void (*free_points)(const FreeShape& shape, const FreeBatch& cells, double* workspace);
  size_t (*free_workspace)(const FreeShape& shape);  // in doubles

  // Adds sum_i w_i phi_e(t_i) to (high[e], low[e]) and sum_i w_i |phi_e(t_i)| to magnitude[e] (if not nullptr).
  void (*double_double_sums)(const BasisShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                             double* high, double* low, double* magnitude, double* workspace);
  size_t (*double_double_workspace)(const BasisShape& shape);  // in doubles
  // local[a * stride + i - begin]: coordinate t_a of point i, rounded to double.
  void (*double_double_coordinates)(const BasisShape& shape, const double* const* x, size_t begin, size_t end,
                                    double* local, size_t stride, double* workspace);

  // Adds sum_i w_i f_i over the rows of the segments to (high, low), in double-double, and sum_i |w_i f_i| to
  // magnitude. These three have room for `width` rounded up to a multiple of 8. Nothing is read after the end of
  // `values`.
  void (*matrix_sums)(const double* values, size_t rows, size_t width, const double* weights, const Segment* segments,
                      size_t count, double* high, double* low, double* magnitude);
  // out[place[e] * stride + c] = sum w phi_e over the rows of segments first[c] .. first[c + 1], for c < columns.
  void (*group_sums)(const GroupShape& shape, const double* const* x, const double* w, const Segment* segments,
                     const uint32_t* first, int columns, double* out, size_t stride, double* workspace);
  size_t (*group_workspace)(const GroupShape& shape);  // in doubles

  // ---- dense matrices: row-major and aligned; strides and column counts are multiples of 8

  // T -= factors x panel, where T is rows x columns, factors rows x rank, panel rank x columns. packed: scratch of
  // rank x kPackedColumns doubles.
  void (*rank_update)(double* T, size_t stride, size_t rows, size_t columns, const double* factors,
                      size_t factor_stride, int rank, const double* panel, size_t panel_stride, double* packed);
  // out = row - factors x panel.
  void (*combine_rows)(double* out, const double* row, const double* factors, int rank, const double* panel,
                       size_t panel_stride, size_t columns);
  void (*scale_row)(double* row, double factor, size_t columns);
  // The first column with the largest |entry| * open, or with the most negative entry * open; -1 when all are 0, or
  // none is negative.
  int (*largest_entry)(const double* row, const double* open, size_t columns, double* best);
  int (*most_negative_entry)(const double* row, const double* open, size_t columns, double* best);
  void (*largest_of_columns)(const double* T, size_t stride, size_t rows, size_t columns, double* largest);
  // row *= factor, entry by entry. Returns the largest magnitude of the result.
  double (*scale_columns)(double* row, const double* factor, size_t columns);
  void (*weighted_sum)(const double* row, const double* weight, size_t columns, double* high, double* low);
  // result[e] = max w |phi_e|. Features are in the order of the runs, here and in reproducible_sums.
  void (*product_largest)(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                          double* result, double* workspace);
  // Sums of w phi_e: each term is rounded to a multiple of g2, and the additions are exact. Also sums of w |phi_e|,
  // unless magnitudes is nullptr. At most 2^16 vectors of points.
  void (*reproducible_sums)(const ProductShape& shape, const double* const* x, const double* w, size_t begin,
                            size_t end, const ProductPieces& pieces, double* magnitudes, double* workspace);
  size_t (*product_workspace)(const ProductShape& shape);  // in doubles

  // ---- non-negative least squares. Matrices are rows x columns, row-major, with the given stride. Lengths, column
  // counts and strides are multiples of 8. Arrays are aligned to 64 bytes and padded with zeros.

  // cost_j = scale_j sum_i r_i matrix_ij. Returns the j of the largest cost, the first of equals.
  size_t (*nnls_reduced_costs)(size_t rows, size_t columns, size_t stride, const double* matrix, const double* r,
                               const double* scale, double* cost);
  // Sum of squares and largest magnitude of each column.
  void (*nnls_column_sizes)(size_t rows, size_t columns, size_t stride, const double* matrix, double* square,
                            double* largest);
  // `count` vectors of `length`, `stride` apart. nnls_combine: to += sum_j factor_j vector_j. nnls_dots:
  // dot_j = vector_j . v. nnls_reflect: vector_j -= factor_j v.
  void (*nnls_combine)(size_t length, size_t stride, size_t count, const double* vectors, const double* factor,
                       double* to);
  void (*nnls_dots)(size_t length, size_t stride, size_t count, const double* vectors, const double* v, double* dot);
  void (*nnls_reflect)(size_t length, size_t stride, size_t count, double* vectors, const double* factor,
                       const double* v);
  // r = b - sum_j x_j vector_j, computed as if in twice the precision, then rounded.
  void (*nnls_residual)(size_t length, size_t stride, size_t count, const double* vectors, const double* x,
                        const double* b, double* r);

  // ---- training of two-layer networks
  const NetworkKernels<float>* network32;
  const NetworkKernels<double>* network64;
};

// The best table that this processor can run, or the one that the environment asks for with FEWPOINTS_ISA=v2|v3|v4.
// Throws Error Option when that is not a level, or the processor lacks it: see simd/dispatch.hpp.
const SimdKernels& simd();

}  // namespace fewpoints
