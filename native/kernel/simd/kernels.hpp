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

// ---- points
// ----------------------------------------------------------------------------------------------------------------

// Somebody else's numbers: element (i, a) is data[i * row_stride + a * column_stride].
struct CopyFrom {
  const void* data;
  bool is_float32;
  ptrdiff_t row_stride, column_stride;
};

// ---- partition
// ----------------------------------------------------------------------------------------------------------

// A regular grid: axis i has bins[i] bins over column[i], the first begins at low[i], their widths are 1 / scale[i].
constexpr int kMostGridAxes = 8;  // of at least two bins each, with bins numbered by a byte
struct GridAxes {
  int count;
  int column[kMostGridAxes], bins[kMostGridAxes], stride[kMostGridAxes];
  double low[kMostGridAxes], scale[kMostGridAxes];
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

  // One array a column, and the largest magnitude in each as the bits of a double, which are in the order of the
  // numbers: infinities and NaN are the largest.
  void (*copy_columns)(const CopyFrom& from, size_t count, int columns, double* const* to, uint64_t* largest);
  uint64_t (*largest_bits)(const double* x, size_t count);

  // keys[i - begin]: the bin of point i, sum of index times stride. May write keys up to the next multiple of 8.
  void (*grid_keys)(const GridAxes& axes, const double* const* columns, size_t begin, size_t end, uint8_t* keys);
  // Lowest and highest of x[begin, end), which is not empty.
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
};

// The best table that this processor runs. FEWPOINTS_ISA=v2|v3|v4 in the environment forces a level, if it can run
// here.
const SimdKernels& simd();

}  // namespace fewpoints
