// Homotopy push: from given weights on all columns to a vertex, that is, non-negative weights on at most rank of them,
// with the same sums.
//
// The columns of T are feature vectors; b is their weighted sum. Blocked Gauss-Jordan elimination chooses a basis B of
// columns and leaves B^-1 T in place (in the basis columns' own places: B^-1 itself) and v = B^-1 b, the weights that
// the basis alone would need. Then all other weights are shrunk together while the basis weights u move towards v. When
// one of them reaches zero it leaves, and the column with the most negative entry in its row enters with the weight it
// has by then: such a column exists, because b is a positive combination. Feasible at every step; ends when v >= 0.
#pragma once
#include "kernels.hpp"
#include "vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

constexpr int round_up(int n) { return (n + 7) / 8 * 8; }

// Register tile of the update: kPivots pivot rows x kTile vectors stay in registers while the other rows stream by.
#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kTile = 4;  // 16 + 4 of 32 registers
#elif FEWPOINTS_AVX2
constexpr int kTile = 3;  // 12 + 3 + 1 of 16
#else
constexpr int kTile = 2;  // 8 + 2, and two for products: there is no fused multiply-add
#endif
constexpr int kPivots = 4;
// Pivots that are chosen before the rest of the tableau is updated. More of them: fewer passes over a tableau that
// does not fit in the first-level cache, but each of these rows is updated by dot products.
constexpr int kBlock = 4, kLargeBlock = 8, kLargeRows = 48;
// Entries of B^-1 T are of order 1; one below this is rounding, and dividing by it would lose all digits.
constexpr double kSmallestPivot = 1e-11;
constexpr int kBatch = 8;    // columns that are appended together
constexpr int kGiveUp = -2;  // says `outside` of TableauOf::push

// Rows: how many, or 0 when that is known at run time only.
template <int Rows>
class TableauOf {
 public:
  // rows x columns, stride a multiple of 8; columns from `columns` up to the next multiple of 8 must hold finite
  // numbers, those behind are room for `append`. Everything lives in `memory`, doubles(rows, stride) of them, aligned
  // to 64 bytes; T may lie elsewhere.
  static size_t doubles(int rows, int stride) {
    const size_t n = static_cast<size_t>(round_up(rows));
    return 4 * n + kLargeBlock * n + capacity_for(rows) * (n + stride) + 3 * static_cast<size_t>(stride) + 3 * n + 64;
  }
  TableauOf(int rows, int columns, int stride, double* T, double* memory)
      : N(rows),
        S(columns),
        stride(stride),
        padded(round_up(rows)),
        T(T),
        used(round_up(columns)),
        capacity(capacity_for(rows)) {
    double* p = memory;
    const auto take = [&p](size_t n) {
      double* r = p;
      p += n;
      return r;
    };
    v = take(padded);
    u = take(padded);
    correction = take(padded);
    scratch = take(padded);
    factors = take(static_cast<size_t>(kLargeBlock) * padded);
    eta = take(static_cast<size_t>(capacity) * padded);
    rho = take(static_cast<size_t>(capacity) * stride);
    spread = take(stride);
    open = reinterpret_cast<long long*>(take(stride));
    label = reinterpret_cast<long long*>(take(stride));
    basis = reinterpret_cast<int*>(take(padded));
    home = reinterpret_cast<int*>(take(padded));
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
  double *v, *u;    // N: target and present weights of the basis
  long long* open;  // stride: not zero while a column may still enter; see key_of
  int* basis;       // N: which column is basic in this row; -1: row dependent, dropped
  int* home;        // N: the column whose place holds this row's column of B^-1
  int used;         // columns that are in T, a multiple of 8
  int rank = 0;
  double remaining = 1;  // what is left of the weight of a column that is not in the basis

  // tolerance: a row whose largest open entry is not above it depends on the rows before it; it is dropped if
  // drop_rows, else the elimination fails. share: the first open entry of at least share x largest is taken, from a
  // start that moves on.
  bool eliminate(double tolerance, bool drop_rows, double share) {
    for (int j = 0; j < rows(); j++) basis[j] = home[j] = -1;
    int j = 0;
    if (rows() >= kLargeRows)
      for (; j + kLargeBlock <= rows(); j += kLargeBlock)
        if (!eliminate_block<kLargeBlock>(j, tolerance, drop_rows, share)) return false;
    for (; j + kBlock <= rows(); j += kBlock)
      if (!eliminate_block<kBlock>(j, tolerance, drop_rows, share)) return false;
    if constexpr (Rows > 0) {
      if constexpr (Rows % kBlock > 0) return eliminate_block<Rows % kBlock>(j, tolerance, drop_rows, share);
    } else {
      switch (rows() - j) {
        case 1: return eliminate_block<1>(j, tolerance, drop_rows, share);
        case 2: return eliminate_block<2>(j, tolerance, drop_rows, share);
        case 3: return eliminate_block<3>(j, tolerance, drop_rows, share);
      }
    }
    return true;
  }

  // The same with complete pivoting: always the largest open entry of all rows that are left. Slower, memory-bound, but
  // it tells a dependent row from one that is merely small, which the order of the rows above does not.
  void eliminate_completely(double tolerance) {
    for (int j = 0; j < rows(); j++) basis[j] = home[j] = -1;
    double* best = scratch;  // largest open entry of each row that is left, and where
    int* at = reinterpret_cast<int*>(correction);
    for (int i = 0; i < rows(); i++) at[i] = largest_open(T + static_cast<size_t>(i) * stride, 1, best[i]);
    while (true) {
      int j = -1;
      for (int i = 0; i < rows(); i++)
        if (basis[i] < 0 && best[i] > tolerance && (j < 0 || best[i] > best[j])) j = i;
      if (j < 0) return;
      const int p = at[j];
      close(p);
      basis[j] = home[j] = p;
      rank++;
      double* Tj = T + static_cast<size_t>(j) * stride;
      const double inverse = 1 / Tj[p];
      Tj[p] = 1;
      for (int c = 0; c < used; c += W) store(Tj + c, load(Tj + c) * splat(inverse));
      v[j] *= inverse;
      for (int i = 0; i < rows(); i++) {
        if (i == j) continue;
        double* Ti = T + static_cast<size_t>(i) * stride;
        const double f = Ti[p];
        Ti[p] = 0;
        v[i] -= f * v[j];
        for (int c = 0; c < used; c += W) store(Ti + c, nmadd(splat(f), load(Tj + c), load(Ti + c)));
        if (basis[i] < 0) at[i] = largest_open(Ti, 1, best[i]);
      }
    }
  }

  // The elimination was done elsewhere: the first N columns are the basis, in order, and the others hold B^-1 T.
  void begin_eliminated() {
    rank = rows();
    for (int i = 0; i < rows(); i++) {
      basis[i] = i;
      home[i] = -1;
      close(i);
      double* Ti = T + static_cast<size_t>(i) * stride;
      for (int c = 0; c < rows(); c++) Ti[c] = 0;
    }
  }

  // start(c): the weight that column c had at the beginning. outside(y, than, *this): looks for columns outside T with
  // y . phi below `than`; appends some, the most negative among them, and returns how many, or kGiveUp. Returns false
  // when no column enters although a weight must leave.
  template <class Start, class Outside>
  bool push(const Start& start, const Outside& outside, double enter_tolerance, double zero, size_t most_steps,
            Stop stop) {
    for (int i = 0; i < rows(); i++) {
      u[i] = basis[i] >= 0 ? start(basis[i]) : 0;
      if (basis[i] < 0) v[i] = 0;
    }
    size_t steps = 0;
    while (true) {
      const int r = first_to_vanish();
      if (r < 0) return true;
      if (++steps > most_steps || stop()) return false;
      const double lambda = u[r] / (u[r] - v[r]);
      for (int i = 0; i < width(); i += W) {
        const Vec ui = load(u + i);
        store(u + i, maximum(madd(splat(lambda), load(v + i) - ui, ui), Vec{}));
      }
      remaining *= 1 - lambda;
      set_entry(u, r, 0);
      if (pending == capacity) flush();
      double* row = rho + static_cast<size_t>(pending) * stride;
      double* col = eta + static_cast<size_t>(pending) * width();
      double best;
      int p = current_row(r, row, best);
      if (!(best < -enter_tolerance)) {
        for (int e = 0; e < rows(); e++) scratch[e] = home[e] >= 0 ? row[home[e]] : 0;
        const int found = outside(scratch, best, *this);
        if (found == kGiveUp) return false;
        if (found > 0) p = current_row(r, row, best);
        if (!(best < -kSmallestPivot)) {
          if (!(v[r] > -zero)) return false;
          set_entry(v, r, 0);  // rounding only: nothing has to enter
          continue;
        }
      }
      current_column(p, col);
      close(p);
      const double pivot = col[r];
      if (!(pivot < 0)) return false;
      const Vec inverse = splat(1 / pivot);
      for (int c = 0; c < used; c += W) store(row + c, load(row + c) * inverse);
      const double vr = v[r] / pivot;
      set_entry(col, r, pivot - 1);
      for (int i = 0; i < width(); i += W) store(v + i, nmadd(load(col + i), splat(vr), load(v + i)));
      set_entry(v, r, vr);
      basis[r] = p;
      set_entry(u, r, remaining * start(p));
      pending++;
    }
  }

  // Columns that were not in T, kBatch at a time (phi: rows x kBatch), the first `count` of them open. They get the
  // numbers from the returned one on; stride must have room for them.
  int append(const double* phi, int count) {
    const int first = used;
    used += kBatch;
    constexpr int V = kBatch / W;
    const auto times_phi = [&](const double* row, Vec* s) {  // the entries of B^-1 in this row
      for (int q = 0; q < V; q++) s[q] = Vec{};
      for (int e = 0; e < rows(); e++) {
        if (home[e] < 0) continue;
        const Vec f = splat(row[home[e]]);
        for (int q = 0; q < V; q++) s[q] = madd(f, load(phi + e * kBatch + q * W), s[q]);
      }
    };
    for (int i = 0; i < rows(); i++) {
      Vec s[V];
      times_phi(T + static_cast<size_t>(i) * stride, s);
      for (int q = 0; q < V; q++) store(T + static_cast<size_t>(i) * stride + first + q * W, s[q]);
    }
    for (int o = 0; o < pending; o++) {
      Vec s[V];
      double* ro = rho + static_cast<size_t>(o) * stride;
      times_phi(ro, s);
      for (int q = 0; q < V; q++) store(ro + first + q * W, s[q]);
    }
    // The corrections are applied like those of any other column.
    for (int l = 0; l < kBatch; l++) {
      open[first + l] = l < count ? kMagnitude & ~low : 0;
      label[first + l] = l < count ? low - (first + l) : 0;
    }
    return first;
  }

  // out = B^-1 phi for the present basis; `padded` entries.
  void solve(const double* phi, double* out) {
    for (int c = 0; c < used; c += W) store(spread + c, Vec{});
    for (int e = 0; e < rows(); e++)
      if (home[e] >= 0) spread[home[e]] = phi[e];
    products(T, rows(), out);
    for (int i = 0; i < rows(); i++)
      if (home[i] < 0) out[i] = 0;
    for (int i = rows(); i < width(); i++) out[i] = 0;
    double dots[kMostCapacity];
    products(rho, pending, dots);
    for (int s = 0; s < pending; s++) {
      const Vec dot = splat(dots[s]);
      const double* es = eta + static_cast<size_t>(s) * width();
      for (int i = 0; i < width(); i += W) store(out + i, nmadd(dot, load(es + i), load(out + i)));
    }
  }

 private:
  static constexpr long long kMagnitude = 0x7fffffffffffffffLL;
  // Exchanges are kept as rank-1 corrections (eta, rho). Applying them costs a pass over the tableau each, so that up
  // to kMostKept rows there is room for more of them than most cells need (0.05 to 0.6 rows); beyond, room is what
  // counts.
  static constexpr int kMostCapacity = 192, kMostKept = 256;
  static constexpr int capacity_for(int rows) {
    const int kept = rows <= kMostKept ? rows * 3 / 4 : 64;
    return kept > 8 ? kept : 8;
  }
  FEWPOINTS_INLINE int rows() const { return Rows > 0 ? Rows : N; }
  FEWPOINTS_INLINE int width() const { return Rows > 0 ? round_up(Rows) : padded; }

  double *correction, *scratch, *factors, *eta, *rho, *spread;
  long long* label;
  const int capacity;
  long long low;  // 2^b - 1 > stride: bits of a key that hold the column's number
  int pending = 0;
  int rotate = 0;

  FEWPOINTS_INLINE void close(int c) {
    clear_entry(open, c);
    clear_entry(label, c);
  }

  // Searches are for the largest magnitude and its place at once: the lowest bits of the magnitude give way to
  // low - column. Keys are positive doubles, so that they compare as they should; on a tie the first column wins, and
  // a closed column's key is zero. What is lost, some 2^-40 of the value, only matters to the choice between two
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

  // Rows outside [j, j + Block) minus factors x B pivot rows from the s0-th of the block on, over Q vectors from column
  // c on. In its own column a pivot row counts one more, which takes away what stands there.
  template <int Block, int B, int Q>
  FEWPOINTS_INLINE void update_rows(int j, int s0, const int* places, int c) {
    Vec pivots[B][Q];
    Index here;
    for (int l = 0; l < W; l++) here[l] = c + l;
    for (int q = 0; q < Q; q++, here += W)
      for (int s = 0; s < B; s++) {
        const Vec t = load(T + static_cast<size_t>(j + s0 + s) * stride + c + W * q);
        pivots[s][q] = here == splat_index(places[s0 + s]) ? t + splat(1) : t;
      }
    const auto update = [&](int from, int to) {
      for (int i = from; i < to; i++) {
        double* Ti = T + static_cast<size_t>(i) * stride + c;
        Vec t[Q];
        for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
        for (int s = 0; s < B; s++) {
          const Vec fs = splat(factors[(s0 + s) * width() + i]);
          for (int q = 0; q < Q; q++) t[q] = nmadd(fs, pivots[s][q], t[q]);
        }
        for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
      }
    };
    update(0, j);
    update(j + Block, rows());
  }

  // The block's rows are those of L^-1 T: U^-1 times them, then the other rows, over Q vectors from column c on.
  template <int B, int Q>
  void update_panel(int j, const double (*upper)[B], const double* inverse, const int* places, int c) {
    double* first = T + static_cast<size_t>(j) * stride + c;
    for (int q = 0; q < Q; q++) {
      Vec y[B];
#pragma GCC unroll 8
      for (int s = B - 1; s >= 0; s--) {
        double* Ts = first + static_cast<size_t>(s) * stride + W * q;
        Vec t = load(Ts);
#pragma GCC unroll 8
        for (int o = s + 1; o < B; o++) t = nmadd(splat(upper[s][o]), y[o], t);
        y[s] = t * splat(inverse[s]);
        store(Ts, y[s]);
      }
    }
    constexpr int P = B < kPivots ? B : kPivots;
    for (int s = 0; s < B; s += P) update_rows<B, P, Q>(j, s, places, c);
  }

  // row -= sum of g[o] x row o of the block, o < count; looks for its largest open entry on the way.
  template <int Count>
  FEWPOINTS_INLINE int forward(const double* first, const double* g, double* row) {
    Vec keys0 = {}, keys1 = {};
    const auto step = [&](int c) {
      Vec t = load(row + c);
#pragma GCC unroll 8
      for (int o = 0; o < Count; o++) t = nmadd(splat(g[o]), load(first + static_cast<size_t>(o) * stride + c), t);
      if constexpr (Count > 0) store(row + c, t);
      return key_of(t, c);
    };
    int c = 0;
    for (; c + 2 * W <= used; c += 2 * W) {
      keys0 = maximum(step(c), keys0);
      keys1 = maximum(step(c + W), keys1);
    }
    for (; c < used; c += W) keys0 = maximum(step(c), keys0);
    return place_of(maximum(keys0, keys1));
  }

  struct Limits {
    double tolerance;
    bool drop_rows;
    double share;
  };

  // Chooses the pivots of the block's rows: L U of the block's pivot columns, and L^-1 on its rows. `below` holds the
  // pivot columns' entries in rows that are still to come.
  template <int B, int s>
  FEWPOINTS_INLINE bool choose(int j0, const Limits& limits, double (*upper)[B], double (*below)[B], double* inverse,
                               int* places) {
    if constexpr (s < B) {
      const int j = j0 + s;
      double* first = T + static_cast<size_t>(j0) * stride;
      double* row = first + static_cast<size_t>(s) * stride;
      double g[B];
#pragma GCC unroll 8
      for (int o = 0; o < s; o++) {
        double x = below[s][o];
#pragma GCC unroll 8
        for (int q = 0; q < o; q++) x -= g[q] * upper[q][o];
        g[o] = x * inverse[o];
      }
      int p = forward<s>(first, g, row);
      double vj = v[j];
      for (int o = 0; o < s; o++) vj -= g[o] * v[j0 + o];
      v[j] = vj;
      double best = p >= 0 ? absolute(row[p]) : -1;
      if (limits.share < 1 && best > 0) p = within_share(row, limits.share, best);
      if (best > limits.tolerance) {
        places[s] = p;
        close(p);
        basis[j] = home[j] = p;
        rank++;
        inverse[s] = 1 / row[p];
        set_entry(row, p, 1);
        for (int o = 0; o < B; o++) {
          if (o == s) continue;
          double* other = first + static_cast<size_t>(o) * stride;
          (o < s ? upper[o][s] : below[o][s]) = other[p];
          set_entry(other, p, 0);
        }
      } else {
        if (!limits.drop_rows) return false;
        places[s] = -1;
        inverse[s] = 0;
        for (int o = 0; o < B; o++) (o < s ? upper[o][s] : below[o][s]) = 0;
      }
      return choose<B, s + 1>(j0, limits, upper, below, inverse, places);
    }
    return true;
  }

  template <int B>
  bool eliminate_block(int j0, double tolerance, bool drop_rows, double share) {
    double upper[B][B], below[B][B], inverse[B];
    int places[B];
    if (!choose<B, 0>(j0, {tolerance, drop_rows, share}, upper, below, inverse, places)) return false;
    double y[B];
    for (int s = B - 1; s >= 0; s--) {
      double t = v[j0 + s];
      for (int o = s + 1; o < B; o++) t -= upper[s][o] * y[o];
      y[s] = t * inverse[s];
    }
    for (int i = 0; i < width(); i += W) {
      Vec t = load(v + i);
      for (int s = 0; s < B; s++) {
        const Vec f = places[s] >= 0 ? entries(places[s], i) : Vec{};
        store(factors + s * width() + i, f);
        t = nmadd(f, splat(y[s]), t);
      }
      store(v + i, t);
    }
    for (int s = 0; s < B; s++) v[j0 + s] = y[s];
    int c = 0;
    for (; c + kTile * W <= used; c += kTile * W) update_panel<B, kTile>(j0, upper, inverse, places, c);
    const int left = (used - c) / W;
    if (kTile > 3 && left == 3) update_panel<B, 3>(j0, upper, inverse, places, c);
    if (kTile > 2 && left == 2) update_panel<B, 2>(j0, upper, inverse, places, c);
    if (left == 1) update_panel<B, 1>(j0, upper, inverse, places, c);
    return true;
  }

  // row = the present row r of B^-1 T. Returns the open column with its most negative entry, which is `best`; 0 when
  // there is none.
  int current_row(int r, double* row, double& best) {
    const double* Tr = T + static_cast<size_t>(r) * stride;
    Vec keys = {};
    const auto part = [&]<int Q>(int c) {
      Vec t[Q];
      for (int q = 0; q < Q; q++) t[q] = load(Tr + c + W * q);
      for (int s = 0; s < pending; s++) {
        const Vec f = splat(eta[static_cast<size_t>(s) * width() + r]);
        const double* rs = rho + static_cast<size_t>(s) * stride + c;
        for (int q = 0; q < Q; q++) t[q] = nmadd(f, load(rs + W * q), t[q]);
      }
      for (int q = 0; q < Q; q++) {
        store(row + c + W * q, t[q]);
        keys = maximum(key_of(minimum(t[q], Vec{}), c + W * q), keys);
      }
    };
    int c = 0;
    for (; c + 8 * W <= used; c += 8 * W) part.template operator()<8>(c);
    for (; c + 2 * W <= used; c += 2 * W) part.template operator()<2>(c);
    for (; c < used; c += W) part.template operator()<1>(c);
    const int p = place_of(keys);
    best = p >= 0 && row[p] < 0 ? row[p] : 0;
    return p;
  }

  // Column c of T in rows i .. i + W - 1; zeros behind the last row.
  FEWPOINTS_INLINE Vec entries(int c, int i) const {
    const double* Ti = T + static_cast<size_t>(i) * stride + c;
    Vec t = {};
    if (i + W <= rows()) {
      for (int l = 0; l < W; l++) t[l] = Ti[static_cast<size_t>(l) * stride];
    } else {
      for (int l = 0; i + l < rows(); l++) t[l] = Ti[static_cast<size_t>(l) * stride];
    }
    return t;
  }

  void current_column(int c, double* col) {
    for (int i = 0; i < width(); i += W) store(col + i, entries(c, i));
    for (int s = 0; s < pending; s++) {
      const Vec f = splat(rho[static_cast<size_t>(s) * stride + c]);
      const double* es = eta + static_cast<size_t>(s) * width();
      for (int i = 0; i < width(); i += W) store(col + i, nmadd(f, load(es + i), load(col + i)));
    }
    if (rank < rows())
      for (int i = 0; i < rows(); i++)
        if (basis[i] < 0) col[i] = 0;
  }

  // out[i] = row i of A . spread, for i < count; up to W - 1 more entries are written.
  void products(const double* A, int count, double* out) const {
    for (int i = 0; i < count; i += W) {
      const double* row[W];
      for (int l = 0; l < W; l++) row[l] = A + static_cast<size_t>(i + l < count ? i + l : count - 1) * stride;
      Vec s[W] = {};
      for (int c = 0; c < used; c += W) {
        const Vec x = load(spread + c);
#pragma GCC unroll 8
        for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + c), x, s[l]);
      }
      storeu(out + i, sums_of(s));
    }
  }

  void flush() {
    int c = 0;
    for (; c + kTile * W <= used; c += kTile * W) flush_panel<kTile>(c);
    for (; c < used; c += W) flush_panel<1>(c);
    pending = 0;
  }
  // Q vectors of every row minus their pending corrections; the corrections' own Q vectors stay in the first-level
  // cache.
  template <int Q>
  void flush_panel(int c) {
    for (int i = 0; i < rows(); i++) {
      double* Ti = T + static_cast<size_t>(i) * stride + c;
      Vec t[Q];
      for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
      for (int s = 0; s < pending; s++) {
        const Vec f = splat(eta[static_cast<size_t>(s) * width() + i]);
        const double* rs = rho + static_cast<size_t>(s) * stride + c;
        for (int q = 0; q < Q; q++) t[q] = nmadd(f, load(rs + W * q), t[q]);
      }
      for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
    }
  }
};

using Tableau = TableauOf<0>;

}  // namespace fewpoints::FEWPOINTS_SIMD
