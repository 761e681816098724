// The functions that are compiled once for every instruction set, and the table through which the kernel calls them.
// Plain pointers and structs only: see vector.hpp for why.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace fewpoints {

// Asked now and then in long loops: true means give up at once, whatever the state.
struct Stop {
  bool (*asked)(const void* monitor) = nullptr;
  const void* monitor = nullptr;
  __attribute__((always_inline)) bool operator()() const { return asked != nullptr && asked(monitor); }
};

// ---- partition
// ----------------------------------------------------------------------------------------------------------

// Columns to be split: `columns` coordinates, then the weights if there are any.
struct SplitArrays {
  int columns;
  const double* const* from;  // columns + (weighted ? 1 : 0) arrays
  double* const* to;
  bool weighted;
  const uint32_t* from_rows;
  uint32_t* to_rows;
};

// One side of a split: where to write, and what was written. low and high have `columns` entries and only widen.
struct SplitSide {
  size_t begin, end;
  double* low;
  double* high;
  double mass;  // sum of weights; untouched when not weighted
};

// ---- one cell
// -----------------------------------------------------------------------------------------------------------

// Everything about (m, k) that the kernels look up; made once a call.
struct CellShape {
  int dimension, order, count;  // m, k, N
  int samples;                  // S, a multiple of 8: candidates for the support
  const int* parent;            // N: feature e = feature parent[e] * p_degree[e](t_axis[e])
  const int* axis;
  const int* degree;
  const double* norm;  // N: factor that makes the Legendre product orthonormal on [-1,1]^m
  double pivot_share;  // first candidate within this share of the largest is taken; 1: the largest
  int instance;        // compile-time instance for (m, k), or -1
};

struct CellPoints {
  const double* const* x;  // m columns
  const double* w;         // nullptr: all 1
  size_t count;
  Stop stop;
};

struct CellResult {
  int count;        // points kept, or -1: not solved here (rank-deficient or too badly conditioned)
  double residual;  // largest over features of |sum v phi - b| / mass, orthonormal Legendre on the cell's box
};

// ---- double-double moments
// ----------------------------------------------------------------------------------------------

// t = map (x - centre), all in double-double, then products of three-term recurrences.
struct ExactShape {
  int dimension, order, count;  // of t
  int inner;                    // features of degree < order: the only ones that are parents; they come first
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
  const double* scale;   // columns, powers of two, used when map is nullptr
};

// One tableau for the general path: `count` rows, `columns` columns.
struct TableauResult {
  int rank;
  bool solved;
};

struct SimdKernels {
  const char* name;

  size_t (*count_below)(const double* key, size_t begin, size_t end, double threshold);
  // Stable split of [begin, end): rows with from[key] < threshold go left.
  void (*split)(const SplitArrays& arrays, int key, double threshold, size_t begin, size_t end, SplitSide& left,
                SplitSide& right);
  void (*bounds)(const double* x, size_t begin, size_t end, double* low, double* high);
  double (*sum)(const double* x, size_t begin, size_t end);

  // Compile-time instance for (m, k), or -1.
  int (*cell_instance)(int dimension, int order);
  size_t (*cell_workspace)(const CellShape& shape, size_t largest_cell);  // in doubles
  CellResult (*cell)(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                     double* weights);

  // Adds sum_i w_i phi_e(t_i) to (high[e], low[e]) and sum_i w_i |phi_e(t_i)| to magnitude[e] (if not nullptr).
  void (*exact_moments)(const ExactShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                        double* high, double* low, double* magnitude, double* workspace);
  size_t (*exact_workspace)(const ExactShape& shape);  // in doubles
  // local[a * stride + i - begin]: coordinate t_a of point i, rounded to double.
  void (*exact_local)(const ExactShape& shape, const double* const* x, size_t begin, size_t end, double* local,
                      size_t stride, double* workspace);

  // eliminate_wide of elimination.hpp, handed in because nothing in simd/ may call the rest of the kernel by name.
  using EliminateWide = double (*)(int rows, int columns, size_t stride, double* T, double* v, int* order);
  // Vertex of { multipliers >= 0 : columns x multipliers = columns x start }: see simd/tableau.hpp. values: rows x
  // stride, stride a multiple of 8, destroyed. start, multipliers: `columns` entries.
  TableauResult (*vertex)(int rows, int columns, size_t stride, double* values, const double* start, double tolerance,
                          double* multipliers, double* workspace, EliminateWide eliminate_wide, Stop stop);
  size_t (*vertex_workspace)(int rows, int columns);  // in doubles

  // ---- non-negative least squares. Matrices: rows x columns, row-major with the given stride. Lengths, columns and
  // strides are multiples of 8, arrays aligned to 64 bytes, padded with zeros.
  // price_j = scale_j sum_i r_i matrix_ij; returns the first j of the largest.
  size_t (*nnls_price)(size_t rows, size_t columns, size_t stride, const double* matrix, const double* r,
                       const double* scale, double* price);
  // Sum of squares and largest magnitude of each column.
  void (*nnls_column_sizes)(size_t rows, size_t columns, size_t stride, const double* matrix, double* square,
                            double* largest);
  // Vectors of `length`, one every `stride`: to += sum_j factor_j vector_j, dot_j = vector_j . v,
  // vector_j -= factor_j v.
  void (*nnls_combine)(size_t length, size_t stride, size_t count, const double* vectors, const double* factor,
                       double* to);
  void (*nnls_dots)(size_t length, size_t stride, size_t count, const double* vectors, const double* v, double* dot);
  void (*nnls_reflect)(size_t length, size_t stride, size_t count, double* vectors, const double* factor,
                       const double* v);
  // r = b - sum_j x_j vector_j as if in twice the precision, then rounded.
  void (*nnls_residual)(size_t length, size_t stride, size_t count, const double* vectors, const double* x,
                        const double* b, double* r);
};

// The best table that this processor runs. FEWPOINTS_ISA=v2|v3|v4 in the environment forces a level, if it can run
// here.
const SimdKernels& simd();

}  // namespace fewpoints
