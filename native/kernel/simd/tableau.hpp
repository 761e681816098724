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

// Tile of the rank-4 update: 4 pivot rows x Q vectors stay in registers; Q is what 32 or 16 registers hold.
#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kTile = 4;
#else
constexpr int kTile = 2;
#endif
constexpr int kPivots = 4;
// Entries of B^-1 T are of order 1; one below this is rounding, and dividing by it would lose all digits.
constexpr double kSmallestPivot = 1e-11;
constexpr int kGiveUp = -2;  // says `outside` of Tableau::push

class Tableau {
 public:
  // rows x columns, stride a multiple of 8. Everything lives in `memory`, doubles(rows, stride) of them; T may lie
  // elsewhere.
  static size_t doubles(int rows, int stride) {
    const size_t n = static_cast<size_t>(round_up(rows));
    return 5 * n + kPivots * n + capacity_for(rows) * (n + stride) + 2 * stride + 3 * n + 64;
  }
  Tableau(int rows, int columns, int stride, double* T, double* memory)
      : N(rows), S(columns), stride(stride), padded(round_up(rows)), T(T), capacity(capacity_for(rows)) {
    double* p = memory;
    const auto take = [&p](size_t n) {
      double* r = p;
      p += n;
      return r;
    };
    v = take(padded);
    u = take(padded);
    column = take(padded);
    correction = take(padded);
    scratch = take(padded);
    factors = take(static_cast<size_t>(kPivots) * padded);
    eta = take(static_cast<size_t>(capacity) * padded);
    rho = take(static_cast<size_t>(capacity) * stride);
    open = take(stride);
    spread = take(stride);
    basis = reinterpret_cast<int*>(take(padded));
    home = reinterpret_cast<int*>(take(padded));
    for (int i = 0; i < stride; i++) open[i] = i < columns ? 1 : 0;
    for (int i = 0; i < padded; i++) v[i] = u[i] = 0;
  }

  const int N, S, stride, padded;
  double* const T;
  double *v, *u;  // N: target and present weights of the basis
  double* open;   // stride: 1 while a column may still enter, else 0
  int* basis;     // N: which column is basic in this row (a number >= stride: one from outside T); -1: row dependent,
                  // dropped
  int* home;      // N: the column whose place holds this row's column of B^-1
  int rank = 0;
  double remaining = 1;  // what is left of the weight of a column that is not in the basis

  // tolerance: a row whose largest open entry is not above it depends on the rows before it; it is dropped if
  // drop_rows, else the elimination fails. share: the first open entry of at least share x largest is taken, from a
  // start that moves on.
  bool eliminate(double tolerance, bool drop_rows, double share) {
    for (int j = 0; j < N; j++) basis[j] = home[j] = -1;
    int j = 0;
    for (; j + kPivots <= N; j += kPivots)
      if (!eliminate_block<kPivots>(j, tolerance, drop_rows, share)) return false;
    switch (N - j) {
      case 1: return eliminate_block<1>(j, tolerance, drop_rows, share);
      case 2: return eliminate_block<2>(j, tolerance, drop_rows, share);
      case 3: return eliminate_block<3>(j, tolerance, drop_rows, share);
    }
    return true;
  }

  // The same with complete pivoting: always the largest open entry of all rows that are left. Slower, memory-bound, but
  // it tells a dependent row from one that is merely small, which the order of the rows above does not.
  void eliminate_completely(double tolerance) {
    for (int j = 0; j < N; j++) basis[j] = home[j] = -1;
    double* best = scratch;  // largest open entry of each row that is left, and where
    int* at = reinterpret_cast<int*>(correction);
    for (int i = 0; i < N; i++) at[i] = largest_open(T + static_cast<size_t>(i) * stride, 1, best[i]);
    while (true) {
      int j = -1;
      for (int i = 0; i < N; i++)
        if (basis[i] < 0 && best[i] > tolerance && (j < 0 || best[i] > best[j])) j = i;
      if (j < 0) return;
      const int p = at[j];
      open[p] = 0;
      basis[j] = home[j] = p;
      rank++;
      double* Tj = T + static_cast<size_t>(j) * stride;
      const double inverse = 1 / Tj[p];
      Tj[p] = 1;
      for (int c = 0; c < stride; c += W) store(Tj + c, load(Tj + c) * splat(inverse));
      v[j] *= inverse;
      for (int i = 0; i < N; i++) {
        if (i == j) continue;
        double* Ti = T + static_cast<size_t>(i) * stride;
        const double f = Ti[p];
        Ti[p] = 0;
        v[i] -= f * v[j];
        for (int c = 0; c < stride; c += W) store(Ti + c, nmadd(splat(f), load(Tj + c), load(Ti + c)));
        if (basis[i] < 0) at[i] = largest_open(Ti, 1, best[i]);
      }
    }
  }

  // The elimination was done elsewhere: the first N columns are the basis, in order, and the others hold B^-1 T.
  void begin_eliminated() {
    rank = N;
    for (int i = 0; i < N; i++) {
      basis[i] = i;
      home[i] = -1;
      open[i] = 0;
      double* Ti = T + static_cast<size_t>(i) * stride;
      for (int c = 0; c < N; c++) Ti[c] = 0;
    }
  }

  // start(c): the weight that column c had at the beginning. outside(y, column, index, weight): looks for an entering
  // column outside T, the most negative y . phi below `than`; fills phi, returns its number >= stride, -1 or kGiveUp.
  // Returns false when no column enters although a weight must leave.
  template <class Start, class Outside>
  bool push(const Start& start, const Outside& outside, double enter_tolerance, double zero, size_t most_steps,
            Stop stop) {
    for (int i = 0; i < N; i++) u[i] = basis[i] >= 0 ? start(basis[i]) : 0;
    size_t steps = 0;
    while (true) {
      double lambda = 2;
      int r = -1;
      for (int i = 0; i < N; i++)
        if (v[i] < 0 && basis[i] >= 0) {
          const double l = u[i] / (u[i] - v[i]);
          if (l < lambda) {
            lambda = l;
            r = i;
          }
        }
      if (r < 0) return true;
      if (++steps > most_steps || stop()) return false;
      for (int i = 0; i < N; i++) {
        u[i] += lambda * (v[i] - u[i]);
        u[i] = u[i] > 0 ? u[i] : 0;
      }
      remaining *= 1 - lambda;
      u[r] = 0;
      if (pending == capacity) flush();
      double* row = rho + static_cast<size_t>(pending) * stride;
      double* col = eta + static_cast<size_t>(pending) * padded;
      current_row(r, row);
      double best;
      const int p = most_negative(row, best);
      int entering = p;
      if (p >= 0 && best < -enter_tolerance) {
        current_column(p, col);
      } else {
        for (int e = 0; e < N; e++) scratch[e] = home[e] >= 0 ? row[home[e]] : 0;
        const int found = outside(scratch, best < 0 ? best : 0.0, column, *this);
        if (found == kGiveUp) return false;
        if (found >= 0) {
          entering = found;
          if (found >= stride) {
            solve(column, col);
          } else {
            current_column(found, col);
          }
        } else if (p >= 0 && best < -kSmallestPivot) {
          current_column(p, col);
        } else if (v[r] > -zero) {
          v[r] = 0;  // rounding only: nothing has to enter
          continue;
        } else {
          return false;
        }
      }
      if (entering < stride) open[entering] = 0;
      const double pivot = col[r];
      if (!(pivot < 0)) return false;
      const Vec inverse = splat(1 / pivot);
      for (int c = 0; c < stride; c += W) store(row + c, load(row + c) * inverse);
      const double vr = v[r] / pivot;
      col[r] = pivot - 1;
      for (int i = 0; i < padded; i += W) store(v + i, nmadd(load(col + i), splat(vr), load(v + i)));
      v[r] = vr;
      basis[r] = entering;
      u[r] = remaining * start(entering);
      pending++;
    }
  }

  // out = B^-1 phi for the present basis.
  void solve(const double* phi, double* out) {
    for (int c = 0; c < stride; c += W) store(spread + c, Vec{});
    for (int e = 0; e < N; e++)
      if (home[e] >= 0) spread[home[e]] = phi[e];
    for (int i = 0; i < padded; i++) out[i] = 0;
    for (int i = 0; i < N; i++) {
      if (home[i] < 0) continue;
      const double* Ti = T + static_cast<size_t>(i) * stride;
      Vec s0 = {}, s1 = {};
      int c = 0;
      for (; c + 2 * W <= stride; c += 2 * W) {
        s0 = madd(load(Ti + c), load(spread + c), s0);
        s1 = madd(load(Ti + c + W), load(spread + c + W), s1);
      }
      for (; c < stride; c += W) s0 = madd(load(Ti + c), load(spread + c), s0);
      out[i] = sum(s0 + s1);
    }
    for (int s = 0; s < pending; s++) {
      const double* rs = rho + static_cast<size_t>(s) * stride;
      Vec d = {};
      for (int c = 0; c < stride; c += W) d = madd(load(rs + c), load(spread + c), d);
      const Vec dot = splat(sum(d));
      const double* es = eta + static_cast<size_t>(s) * padded;
      for (int i = 0; i < padded; i += W) store(out + i, nmadd(dot, load(es + i), load(out + i)));
    }
  }

 private:
  // Exchanges are kept as rank-1 corrections (eta, rho) and applied together: most cells need fewer than this.
  static int capacity_for(int rows) { return rows / 2 > 8 ? (rows / 2 < 64 ? rows / 2 : 64) : 8; }

  double *column, *correction, *scratch, *factors, *eta, *rho, *spread;
  const int capacity;
  int pending = 0;
  int rotate = 0;

  int largest_open(const double* row, double share, double& best) {
    Vec most = splat(-1);
    Index at = {}, here = {};
    for (int l = 0; l < W; l++) here[l] = at[l] = l;
    for (int c = 0; c < stride; c += W) {
      const Vec a = magnitude(load(row + c)) * load(open + c);
      const Index better = a > most;
      most = better ? a : most;
      at = better ? here : at;
      here += W;
    }
    best = most[0];
    int p = static_cast<int>(at[0]);
    for (int l = 1; l < W; l++)
      if (most[l] > best || (most[l] == best && at[l] < p)) {
        best = most[l];
        p = static_cast<int>(at[l]);
      }
    if (share < 1 && best > 0) {
      for (int i = 0; i < S; i++) {
        const int c = rotate + i < S ? rotate + i : rotate + i - S;
        if (absolute(row[c]) * open[c] >= share * best) {
          best = absolute(row[c]);
          rotate = c + 1 < S ? c + 1 : 0;
          return c;
        }
      }
    }
    return p;
  }

  int most_negative(const double* row, double& best) {
    Vec least = {};
    Index at = splat_index(-1), here = {};
    for (int l = 0; l < W; l++) here[l] = l;
    for (int c = 0; c < stride; c += W) {
      const Vec a = load(row + c) * load(open + c);
      const Index better = a < least;
      least = better ? a : least;
      at = better ? here : at;
      here += W;
    }
    best = 0;
    int p = -1;
    for (int l = 0; l < W; l++)
      if (least[l] < best || (least[l] == best && least[l] < 0 && at[l] < p)) {
        best = least[l];
        p = static_cast<int>(at[l]);
      }
    return p;
  }

  // Rows outside [j, j + B) minus factors x the B pivot rows, over Q vectors from column c on.
  template <int B, int Q>
  void update_panel(int j, int c) {
    Vec pivots[B][Q];
    for (int s = 0; s < B; s++)
      for (int q = 0; q < Q; q++) pivots[s][q] = load(T + static_cast<size_t>(j + s) * stride + c + W * q);
    const auto rows = [&](int from, int to) {
      for (int i = from; i < to; i++) {
        double* Ti = T + static_cast<size_t>(i) * stride + c;
        const double* f = factors + kPivots * i;
        Vec t[Q];
        for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
        for (int s = 0; s < B; s++) {
          const Vec fs = splat(f[s]);
          for (int q = 0; q < Q; q++) t[q] = nmadd(fs, pivots[s][q], t[q]);
        }
        for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
      }
    };
    rows(0, j);
    rows(j + B, N);
  }

  template <int B>
  bool eliminate_block(int j0, double tolerance, bool drop_rows, double share) {
    int places[B];
    for (int s = 0; s < B; s++) {
      const int j = j0 + s;
      double* Tj = T + static_cast<size_t>(j) * stride;
      double best;
      const int p = largest_open(Tj, share, best);
      places[s] = -1;
      if (!(best > tolerance)) {
        if (!drop_rows) return false;
        continue;
      }
      places[s] = p;
      open[p] = 0;
      basis[j] = home[j] = p;
      rank++;
      const double inverse = 1 / Tj[p];
      Tj[p] = 1;
      double f[B];
      for (int o = 0; o < B; o++) {
        f[o] = 0;
        if (o == s) continue;
        double* To = T + static_cast<size_t>(j0 + o) * stride;
        f[o] = To[p];
        To[p] = 0;
      }
      for (int c = 0; c < stride; c += W) {
        const Vec t = load(Tj + c) * splat(inverse);
        store(Tj + c, t);
        for (int o = 0; o < B; o++) {
          if (o == s) continue;
          double* To = T + static_cast<size_t>(j0 + o) * stride + c;
          store(To, nmadd(splat(f[o]), t, load(To)));
        }
      }
      v[j] *= inverse;
      for (int o = 0; o < B; o++)
        if (o != s) v[j0 + o] -= f[o] * v[j];
    }
    for (int i = 0; i < N; i++) {
      if (i >= j0 && i < j0 + B) continue;
      double* Ti = T + static_cast<size_t>(i) * stride;
      double vi = v[i];
      for (int s = 0; s < B; s++) {
        const double g = places[s] >= 0 ? Ti[places[s]] : 0;
        factors[kPivots * i + s] = g;
        if (places[s] >= 0) vi -= g * v[j0 + s];
      }
      for (int s = 0; s < B; s++)
        if (places[s] >= 0) Ti[places[s]] = 0;
      v[i] = vi;
    }
    int c = 0;
    for (; c + kTile * W <= stride; c += kTile * W) update_panel<B, kTile>(j0, c);
    for (; c < stride; c += W) update_panel<B, 1>(j0, c);
    return true;
  }

  void current_row(int r, double* row) {
    const double* Tr = T + static_cast<size_t>(r) * stride;
    for (int c = 0; c < stride; c += W) {
      Vec t = load(Tr + c);
      for (int s = 0; s < pending; s++)
        t = nmadd(splat(eta[static_cast<size_t>(s) * padded + r]), load(rho + static_cast<size_t>(s) * stride + c), t);
      store(row + c, t);
    }
  }

  void current_column(int c, double* col) {
    for (int i = 0; i < N; i++) col[i] = T[static_cast<size_t>(i) * stride + c];
    for (int i = N; i < padded; i++) col[i] = 0;
    for (int s = 0; s < pending; s++) {
      const Vec f = splat(rho[static_cast<size_t>(s) * stride + c]);
      const double* es = eta + static_cast<size_t>(s) * padded;
      for (int i = 0; i < padded; i += W) store(col + i, nmadd(f, load(es + i), load(col + i)));
    }
    for (int i = 0; i < N; i++)
      if (basis[i] < 0) col[i] = 0;
  }

  void flush() {
    int c = 0;
    for (; c + kTile * W <= stride; c += kTile * W) flush_panel<kTile>(c);
    for (; c < stride; c += W) flush_panel<1>(c);
    pending = 0;
  }
  // Q vectors of every row minus their pending corrections; the corrections' own Q vectors stay in the first-level
  // cache.
  template <int Q>
  void flush_panel(int c) {
    for (int i = 0; i < N; i++) {
      double* Ti = T + static_cast<size_t>(i) * stride + c;
      Vec t[Q];
      for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
      for (int s = 0; s < pending; s++) {
        const Vec f = splat(eta[static_cast<size_t>(s) * padded + i]);
        const double* rs = rho + static_cast<size_t>(s) * stride + c;
        for (int q = 0; q < Q; q++) t[q] = nmadd(f, load(rs + W * q), t[q]);
      }
      for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
    }
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
