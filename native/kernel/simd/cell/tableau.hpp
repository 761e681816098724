// The simplex tableau of one cell, which fits the cache. It leads from given weights on all columns to a basic feasible
// solution: non-negative weights on at most rank of the columns, with the same sums.
//
// The columns of T are feature vectors; b is their weighted sum. Blocked Gauss-Jordan elimination chooses a basis B of
// columns. It leaves B^-1 T in the place of T, with B^-1 itself in the columns of the basis, and v = B^-1 b, the
// weights that the basis alone would need. The walk of simd/walk.hpp does the rest.
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"
#include "simd/walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

constexpr int round_up(int n) { return (n + 7) / 8 * 8; }

// Register tile of the update: kPivots pivot rows x kTile vectors stay in registers while the other rows pass through.
#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kTile = 4;  // 16 + 4 of 32 registers
#elif FEWPOINTS_AVX2
constexpr int kTile = 3;  // 12 + 3 + 1 of 16
#else
constexpr int kTile = 2;  // 8 + 2 of 16, and two for products: there is no fused multiply-add
#endif
constexpr int kPivots = 4;
// Pivots that are chosen before the rest of the tableau is updated. More of them mean fewer passes over a tableau that
// does not fit in the first-level cache, but the rows of a block are themselves updated by dot products.
constexpr int kBlock = 4, kLargeBlock = 8, kLargeRows = 48;
constexpr int kBatch = 8;  // columns that are appended together

// y = A x, where A has rows of `columns` entries, a multiple of 8. y is padded with zeros to a multiple of 8.
FEWPOINTS_INLINE void multiply(const double* A, int rows, int stride, int columns, const double* x, double* y) {
  for (int i = 0; i < rows; i += W) {
    const double* row[W];
    for (int l = 0; l < W; l++) row[l] = A + static_cast<size_t>(i + l < rows ? i + l : rows - 1) * usize(stride);
    Vec s[W] = {};
    for (int c = 0; c < columns; c += W) {
      const Vec xc = load(x + c);
#pragma GCC unroll 8
      for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + c), xc, s[l]);
    }
    storeu(y + i, sums_of(s));
  }
  for (int i = rows; i < round_up(rows); i++) y[i] = 0;
}

// Rows: their number, or 0 when it is known at run time only.
template <int Rows>
class TableauOf {
 public:
  // table: T, rows x columns, row_stride a multiple of 8. Columns from `columns` up to the next multiple of 8 must hold
  // finite numbers; those after them are room for append(). All else lives in `memory`: doubles(rows, stride) doubles,
  // aligned to 64 bytes.
  static size_t doubles(int rows, int stride) {
    const size_t n = static_cast<size_t>(round_up(rows));
    return 4 * n + kLargeBlock * n + usize(capacity_for(rows)) * (n + usize(stride)) + 3 * usize(stride) + 3 * n + 64;
  }
  TableauOf(int rows, int columns, int row_stride, double* table, double* memory)
      : N(rows),
        S(columns),
        stride(row_stride),
        padded(round_up(rows)),
        T(table),
        used(round_up(columns)),
        capacity(capacity_for(rows)) {
    double* p = memory;
    const auto take = [&p](size_t n) {
      double* r = p;
      p += n;
      return r;
    };
    v = take(usize(padded));
    u = take(usize(padded));
    scratch = take(usize(padded));
    factors = take(usize(kLargeBlock) * usize(padded));
    eta = take(usize(capacity) * usize(padded));
    rho = take(usize(capacity) * usize(stride));
    spread = take(usize(stride));
    open = reinterpret_cast<long long*>(take(usize(stride)));
    label = reinterpret_cast<long long*>(take(usize(stride)));
    basis = reinterpret_cast<int*>(take(usize(padded)));
    home = reinterpret_cast<int*>(take(usize(padded)));
    const int most = stride > padded ? stride : padded;
    low = 1;
    while (low <= most) low = 2 * low + 1;
    for (int c = 0; c < used; c++) {
      open[c] = c < columns ? kMagnitude & ~low : 0;
      label[c] = c < columns ? low - c : 0;
    }
    for (int i = 0; i < padded; i += W) {
      store(v + i, Vec{});
      store(u + i, Vec{});
    }
  }

  const int N, S, stride, padded;
  double* const T;
  double *v, *u;    // N: target and current weights of the basis
  long long* open;  // stride: not zero while a column may still enter; see key_of
  int* basis;       // N: the column that is basic in this row
  int* home;        // N: the column whose place holds this row's column of B^-1
  int used;         // columns of T in use, a multiple of 8
  int rank = 0;
  double remaining = 1;  // the factor by which the weights outside the basis have shrunk

  // A row depends on the rows before it when its largest open entry is not above `dependent`. It gets no column of the
  // basis. Fails at a pivot between that and `tolerance`. share: the pivot is the first open entry of at least
  // share x largest, searched from a start that moves on.
  bool eliminate(double tolerance, double dependent, double share);

  // For a row without a column of the basis: y . phi vanishes on all columns of the tableau. Returns y . b, which
  // vanishes too unless it does not on points outside; v[row] holds it. `padded` entries.
  double dependence(int row, double* y) const;
  // Gives such a row a column of the basis, where an open column has an entry above the tolerance. Only before walk().
  bool raise_rank(int row, double tolerance);
  // Does so for one row after the other, the one with the largest entry first.
  void raise_deferred(double tolerance);

  // start(c): the weight that column c had at the beginning. outside(y, than): searches for columns outside T with
  // y . phi below `than`, appends some of them including the most negative, and returns their number, or kGiveUp.
  // Negative weights above -zero count as rounding. Returns false when no column enters although a weight must leave,
  // after most_steps, and when stopped.
  template <class Start, class Outside>
  bool walk(const Start& start, const Outside& outside, double enter_tolerance, double zero, size_t most_steps,
            Stop stop);

  // Steps of simd/walk.hpp on u and v alone. Both walks take them: that in the tableau, and that of inverse_walk.hpp.
  // The row whose weight is the first to reach zero on the way from u to v, or -1.
  int first_to_vanish() const {
    Vec keys = splat(2);
    Index here;
    for (int l = 0; l < W; l++) here[l] = l;
    for (int i = 0; i < width(); i += W) {
      const Vec vi = load(v + i), ui = load(u + i);
      const Vec key = marked(ui / (ui - vi), splat_index(kMagnitude & ~low), here);
      keys = minimum(vi < Vec{} ? key : splat(2), keys);
      here += W;
    }
    const double least = smallest(keys);
    return least < 2 ? static_cast<int>(bits_of(least) & low) : -1;
  }
  FEWPOINTS_INLINE void move_to(int r) {
    const double lambda = u[r] / (u[r] - v[r]);
    for (int i = 0; i < width(); i += W) {
      const Vec ui = load(u + i);
      store(u + i, maximum(madd(splat(lambda), load(v + i) - ui, ui), Vec{}));
    }
    remaining *= 1 - lambda;
    set_entry(u, r, 0);
  }
  FEWPOINTS_INLINE bool negligible(int r, double zero) {
    if (!(v[r] > -zero)) return false;
    set_entry(v, r, 0);
    return true;
  }

  // The number of exchanges until the corrections have to be applied to the whole tableau, and of those pending.
  int room_for_exchanges() const { return capacity - pending; }
  int exchanges() const { return pending; }
  void flush();

  // Appends kBatch columns that were not in T (phi: rows x kBatch). The first `count` of them are open. Returns the
  // number of the first; stride must have room for all.
  int append(const double* phi, int count);

  // out = B^-1 phi for the current basis; `padded` entries.
  void solve(const double* phi, double* out);

 private:
  template <class Start, class Outside>
  struct Walk;

  static constexpr long long kMagnitude = 0x7fffffffffffffffLL;
  // Exchanges are kept as rank-1 corrections (eta, rho), for applying one costs a pass over the tableau. Most cells
  // need 0.05 to 0.6 corrections per row: up to kMaxKept rows there is room for more. Beyond, memory counts more.
  static constexpr int kMaxCapacity = 192, kMaxKept = 256;
  static constexpr int capacity_for(int rows) {
    const int kept = rows <= kMaxKept ? rows * 3 / 4 : 64;
    return kept > 8 ? kept : 8;
  }
  FEWPOINTS_INLINE int rows() const { return Rows > 0 ? Rows : N; }
  FEWPOINTS_INLINE int width() const { return Rows > 0 ? round_up(Rows) : padded; }

  double *scratch, *factors, *eta, *rho, *spread;
  long long* label;
  const int capacity;
  long long low;  // 2^b - 1 > stride: bits of a key that hold the column's number
  int pending = 0;
  int rotate = 0;

  FEWPOINTS_INLINE void close(int c) {
    clear_entry(open, c);
    clear_entry(label, c);
  }

  // A search finds the largest magnitude and its column at once: low - column replaces the lowest bits of the
  // magnitude. Keys are positive doubles and compare as such. On a tie the first column wins; the key of a closed
  // column is zero. A key differs from the magnitude by some 2^-40 of it. That only matters for the choice between two
  // candidates that are equally good.
  FEWPOINTS_INLINE Vec key_of(Vec t, int c) const { return marked(t, load_index(open + c), load_index(label + c)); }
  FEWPOINTS_INLINE int place_of(Vec keys) const {
    const long long bits = bits_of(largest(keys)) & low;
    return bits > 0 ? static_cast<int>(low - bits) : -1;
  }

  int within_share(const double* row, double share, double& best) {
    for (int i = 0; i < S; i++) {
      const int c = rotate + i < S ? rotate + i : rotate + i - S;
      if (open[c] != 0 && absolute(row[c]) >= share * best) {
        best = absolute(row[c]);
        rotate = c + 1 < S ? c + 1 : 0;
        return c;
      }
    }
    return -1;
  }

  int largest_open(const double* row, double share, double& best) {
    Vec keys = {};
    for (int c = 0; c < used; c += W) keys = maximum(key_of(load(row + c), c), keys);
    const int p = place_of(keys);
    best = p >= 0 ? absolute(row[p]) : -1;
    return share < 1 && best > 0 ? within_share(row, share, best) : p;
  }

  // Subtracts factors x pivot rows from the rows outside [j, j + Block): B pivot rows, from the s0-th of the block on,
  // over Q vectors from column c on. In its own column 1 is added to a pivot row, which takes away the old entry there.
  template <int Block, int B, int Q>
  FEWPOINTS_INLINE void update_rows(int j, int s0, const int* places, int c);

  // The rows of the block are those of L^-1 T. Multiplies them by U^-1, then updates the other rows, over Q vectors
  // from column c on.
  template <int B, int Q>
  void update_panel(int j, const double (*upper)[usize(B)], const double* inverse, const int* places, int c);

  // row -= sum of g[o] x row o of the block, o < Count. Returns the column of its largest open entry, or -1.
  template <int Count>
  FEWPOINTS_INLINE int forward(const double* first, const double* g, double* row);

  struct Limits {
    double tolerance;
    double dependent;
    double share;
  };

  // Chooses the pivots of the block's rows: factors the pivot columns of the block into L U, and applies L^-1 to its
  // rows. `below` holds the entries of the pivot columns in the rows that are still to come.
  template <int B, int s>
  FEWPOINTS_INLINE bool choose(int j0, const Limits& limits, double (*upper)[usize(B)], double (*below)[usize(B)],
                               double* inverse, int* places);

  template <int B>
  bool eliminate_block(int j0, const Limits& limits);

  // row = the current row r of B^-1 T. Returns the open column with the most negative entry. best: that entry, or 0
  // when no open entry is negative.
  int current_row(int r, double* row, double& best);

  // Column c of T in rows i .. i + W - 1; zeros after the last row.
  FEWPOINTS_INLINE Vec entries(int c, int i) const {
    const double* Ti = T + usize(i) * usize(stride) + c;
    Vec t = {};
    if (i + W <= rows()) {
      for (int l = 0; l < W; l++) t[l] = Ti[usize(l) * usize(stride)];
    } else {
      for (int l = 0; i + l < rows(); l++) t[l] = Ti[usize(l) * usize(stride)];
    }
    return t;
  }

  void current_column(int c, double* col);

  // Subtracts the pending corrections from Q vectors of every row. The Q vectors of the corrections stay in the
  // first-level cache meanwhile.
  template <int Q>
  void flush_panel(int c);
};

using Tableau = TableauOf<0>;

}  // namespace fewpoints::FEWPOINTS_SIMD
