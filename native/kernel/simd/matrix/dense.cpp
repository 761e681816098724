// Dense row-major matrices that are too large for one thread's cache: the work of recombination/blocked_tableau.cpp on
// its tableau between two choices of a pivot. Strides are multiples of 8, and rows begin on vector boundaries.
#include "simd/parts.hpp"
#include "simd/vector/error_free.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Register tile of rank_update: kRows x kColumns vectors of the result, besides one row of the panel and one factor.
#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kRows = 6, kColumns = 4;
#elif FEWPOINTS_AVX2
constexpr int kRows = 6, kColumns = 2;
#else
constexpr int kRows = 2, kColumns = 4;
#endif

template <int R, int Q>
FEWPOINTS_INLINE void update_tile(double* T, size_t stride, const double* factors, size_t factor_stride, int rank,
                                  const double* panel) {
  Vec t[usize(R)][usize(Q)];
  for (int r = 0; r < R; r++)
    for (int q = 0; q < Q; q++) t[r][q] = load(T + usize(r) * stride + W * q);
  for (int s = 0; s < rank; s++) {
    Vec p[usize(Q)];
    for (int q = 0; q < Q; q++) p[q] = load(panel + (usize(s) * Q + usize(q)) * W);
    for (int r = 0; r < R; r++) {
      const Vec f = splat(factors[usize(r) * factor_stride + usize(s)]);
      for (int q = 0; q < Q; q++) t[r][q] = nmadd(f, p[q], t[r][q]);
    }
  }
  for (int r = 0; r < R; r++)
    for (int q = 0; q < Q; q++) store(T + usize(r) * stride + W * q, t[r][q]);
}

// The first columns of the panel, in the order in which tiles of Q vectors read them.
template <int Q>
void pack_columns(const double* panel, size_t panel_stride, size_t columns, int rank, double* packed) {
  for (size_t c = 0; c < columns; c += usize(Q) * W)
    for (int s = 0; s < rank; s++)
      for (int q = 0; q < Q; q++, packed += W) store(packed, load(panel + usize(s) * panel_stride + c + W * q));
}

template <int R, int Q>
FEWPOINTS_INLINE void update_rows(double* T, size_t stride, size_t columns, const double* factors, size_t factor_stride,
                                  int rank, const double* packed) {
  for (size_t c = 0; c < columns; c += usize(Q) * W)
    update_tile<R, Q>(T + c, stride, factors, factor_stride, rank, packed + c * usize(rank));
}

// columns: a multiple of those of a tile of Q vectors, at most kPackedColumns.
template <int Q>
void update_columns(double* T, size_t stride, size_t rows, size_t columns, const double* factors, size_t factor_stride,
                    int rank, const double* panel, size_t panel_stride, double* packed) {
  pack_columns<Q>(panel, panel_stride, columns, rank, packed);
  size_t r = 0;
  for (; r + kRows <= rows; r += kRows)
    update_rows<kRows, Q>(T + r * stride, stride, columns, factors + r * factor_stride, factor_stride, rank, packed);
  for (; r < rows; r++)
    update_rows<1, Q>(T + r * stride, stride, columns, factors + r * factor_stride, factor_stride, rank, packed);
}

// The place of the most extreme entry, the first of equals; -1 when none is better than 0. value(c): the W entries from
// column c on. `better` compares vectors as well as numbers.
template <class Value, class Better>
FEWPOINTS_INLINE int extreme_entry(size_t columns, const Value& value, const Better& better, double* best) {
  Vec most = {};
  Index at = splat_index(-1), here = {};
  for (int l = 0; l < W; l++) here[l] = l;
  for (size_t c = 0; c < columns; c += W) {
    const Vec a = value(c);
    const Index improved = (Index)better(a, most);
    most = improved ? a : most;
    at = improved ? here : at;
    here += W;
  }
  double values[W];
  long long places[W];
  __builtin_memcpy(values, &most, sizeof values);
  __builtin_memcpy(places, &at, sizeof places);
  int lane = 0;
  for (int l = 1; l < W; l++)
    if (better(values[l], values[lane]) || (values[l] == values[lane] && places[l] < places[lane])) lane = l;
  *best = values[lane];
  return static_cast<int>(places[lane]);
}

}  // namespace

void rank_update(double* T, size_t stride, size_t rows, size_t columns, const double* factors, size_t factor_stride,
                 int rank, const double* panel, size_t panel_stride, double* packed) {
  for (size_t from = 0; from < columns; from += kPackedColumns) {
    const size_t width = columns - from < kPackedColumns ? columns - from : kPackedColumns;
    const size_t whole = width / (kColumns * W) * (kColumns * W), rest = from + whole;
    update_columns<kColumns>(T + from, stride, rows, whole, factors, factor_stride, rank, panel + from, panel_stride,
                             packed);
    update_columns<1>(T + rest, stride, rows, width - whole, factors, factor_stride, rank, panel + rest, panel_stride,
                      packed);
  }
}

void combine_rows(double* out, const double* row, const double* factors, int rank, const double* panel,
                  size_t panel_stride, size_t columns) {
  size_t c = 0;
  for (; c + 8 * W <= columns; c += 8 * W) {
    Vec t[8];
    for (int q = 0; q < 8; q++) t[q] = load(row + c + W * q);
    for (int s = 0; s < rank; s++) {
      const Vec f = splat(factors[s]);
      for (int q = 0; q < 8; q++) t[q] = nmadd(f, load(panel + usize(s) * panel_stride + c + W * q), t[q]);
    }
    for (int q = 0; q < 8; q++) store(out + c + W * q, t[q]);
  }
  for (; c < columns; c += W) {
    Vec t = load(row + c);
    for (int s = 0; s < rank; s++) t = nmadd(splat(factors[s]), load(panel + usize(s) * panel_stride + c), t);
    store(out + c, t);
  }
}

void scale_row(double* row, double factor, size_t columns) {
  const Vec f = splat(factor);
  for (size_t c = 0; c < columns; c += W) store(row + c, load(row + c) * f);
}

int largest_entry(const double* row, const double* open, size_t columns, double* best) {
  return extreme_entry(
      columns, [&](size_t c) { return magnitude(load(row + c)) * load(open + c); },
      [](auto a, auto b) { return a > b; }, best);
}

int most_negative_entry(const double* row, const double* open, size_t columns, double* best) {
  return extreme_entry(
      columns, [&](size_t c) { return load(row + c) * load(open + c); }, [](auto a, auto b) { return a < b; }, best);
}

void largest_of_columns(const double* T, size_t stride, size_t rows, size_t columns, double* largest) {
  for (size_t c = 0; c < columns; c += W) {
    Vec most = {};
    for (size_t e = 0; e < rows; e++) most = maximum(magnitude(load(T + e * stride + c)), most);
    store(largest + c, most);
  }
}

double scale_columns(double* row, const double* factor, size_t columns) {
  Vec most = {};
  for (size_t c = 0; c < columns; c += W) {
    const Vec t = load(row + c) * load(factor + c);
    most = maximum(magnitude(t), most);
    store(row + c, t);
  }
  return largest(most);
}

void weighted_sum(const double* row, const double* weight, size_t columns, double* high, double* low) {
  Vec h = {}, l = {};
  for (size_t c = 0; c < columns; c += W) accumulate_product(h, l, load(row + c), load(weight + c));
  double total = 0, lost = 0;
  accumulate_lanes(total, lost, {h, Vec{}});
  *high = total;
  *low = lost + sum(l);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
