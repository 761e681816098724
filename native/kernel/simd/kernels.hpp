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

// Of one column: sums of w d and w d^2, least and largest d (and 0), d = x - origin.
struct Spread {
  double first, second, low, high;
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

// ---- sums of products
// ---------------------------------------------------------------------------------------------------------

// Products of one-dimensional polynomials: 0 is 1 (or the weight), i = parent[i] * p_degree[i](t_axis[i]).
struct ProductList {
  int count;
  const int* parent;
  const int* axis;
  const int* degree;
};
// Features first .. first + count: one head times tails tail .. tail + count.
struct ProductRun {
  int head, tail, count, first;
};
// t = scale (x - centre); p_j = t^j, or Legendre's P_j.
struct ProductShape {
  int dimension, order, count;
  bool legendre;
  ProductList heads, tails;
  int runs;
  const ProductRun* run;
  const double* centre;
  const double* scale;          // powers of two for product_sums_exact
  const double* legendre_high;  // order + 1: (j - 1) / j = high + low
  const double* legendre_low;
};
// sum = high g1 + low g2, m1 = 1.5 2^52 g1, m2 = 1.5 2^52 g2, for each feature.
struct ProductPieces {
  const double* m1;
  const double* m2;
  int64_t* high;
  int64_t* low;
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
  Spread (*spread)(const double* x, const double* w, double origin, size_t begin, size_t end);

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

  // sums[e] = sum w phi_e, plainly; features in the order of the runs, here and in the next two. At most 2^16 vectors.
  void (*product_sums)(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                       double* sums, double* workspace);
  // result[e] = max w |phi_e|.
  void (*product_largest)(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                          double* result, double* workspace);
  // The sums without rounding of what is above g2 / 2 in each term, and sum w |phi_e| when magnitudes is not nullptr.
  void (*product_sums_exact)(const ProductShape& shape, const double* const* x, const double* w, size_t begin,
                             size_t end, const ProductPieces& pieces, double* magnitudes, double* workspace);
  size_t (*product_workspace)(const ProductShape& shape);  // in doubles

  // For benchmarks: `rounds` times 12 independent multiply-adds of vectors; returns how many of doubles that were.
  double (*multiply_adds)(size_t rounds);

  // eliminate_wide of elimination.hpp, handed in because nothing in simd/ may call the rest of the kernel by name.
  using EliminateWide = double (*)(int rows, int columns, size_t stride, double* T, double* v, int* order);
  // Vertex of { multipliers >= 0 : columns x multipliers = columns x start }: see simd/tableau.hpp. values: rows x
  // stride, stride a multiple of 8, destroyed. start, multipliers: `columns` entries.
  TableauResult (*vertex)(int rows, int columns, size_t stride, double* values, const double* start, double tolerance,
                          double* multipliers, double* workspace, EliminateWide eliminate_wide, Stop stop);
  size_t (*vertex_workspace)(int rows, int columns);  // in doubles
};

// The best table that this processor runs. FEWPOINTS_ISA=v2|v3|v4 in the environment forces a level, if it can run
// here.
const SimdKernels& simd();

}  // namespace fewpoints
