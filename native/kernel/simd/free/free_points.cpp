// Free points of cells: points and weights that have given moments, by Newton's method with steps of least norm. Each
// lane of the vectors is a cell of its own, and nothing in it depends on the others. A lane that is done takes the next
// cell.
//
// The unknowns of a node are its weight and its coordinates. With the Jacobian J and the scales D of the unknowns, the
// step is -D A' (A A')^-1 r, where A = J D and r is the error of the moments: the shortest step in units of D. A A' is
// factored again when a step with the old factors has not brought the error down by much.
#include "simd/free/newton.hpp"
#include "simd/free/one_cell.hpp"
#include "simd/kernels.hpp"
#include "simd/large_cell.hpp"
#include "simd/parts.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kTile = 4;  // kTile^2 + 2 kTile registers
#else
constexpr int kTile = 3;
#endif

FEWPOINTS_INLINE int padded_count(int count) { return (count + kTile - 1) / kTile * kTile; }

class Lanes {
 public:
  Lanes(const FreeShape& shape, double* workspace)
      : shape_(shape), N(shape.count), padded(padded_count(N)), n(shape.nodes), m(shape.dimension), U(n * (m + 1)) {
    Vec* memory = reinterpret_cast<Vec*>(workspace);
    const auto take = [&memory](size_t count) {
      Vec* const p = memory;
      memory += count;
      return p;
    };
    z = take(usize(U));
    scale_ = take(usize(U));
    step_ = take(usize(U));
    target = take(usize(padded));
    error = take(usize(padded));
    y_ = take(usize(padded));
    inverse_ = take(usize(padded));
    features_ = take(usize(N * (m + 1)));
    powers_ = take(usize(2 * m * (shape.order + 1)));
    A_ = take(usize(padded) * usize(U));
    L_ = take(usize(padded) * usize(padded));
  }
  static size_t vectors(const FreeShape& shape) {
    const size_t unknowns = usize(shape.nodes * (shape.dimension + 1)), padded = usize(padded_count(shape.count));
    return 3 * unknowns + 4 * padded + usize(shape.count * (shape.dimension + 1)) +
           usize(2 * shape.dimension * (shape.order + 1)) + padded * unknowns + padded * padded;
  }

  // The error of the moments at z, and with `jacobian` A and the scales. Returns the 2-norm of the error.
  template <bool jacobian>
  Vec evaluate() {
    for (int e = 0; e < padded; e++) error[e] = -target[e];
    for (int j = 0; j < n; j++) {
      Vec* const node = z + j * (m + 1);
      powers_at<jacobian>(shape_, node + 1, powers_);
      features_at<jacobian>(shape_, powers_, features_);
      const Vec w = node[0];
      if constexpr (!jacobian) {
        for (int e = 0; e < N; e++) error[e] = madd(w, features_[e], error[e]);
        continue;
      }
      Vec* const scale = scale_ + j * (m + 1);
      scale[0] = w;
      for (int a = 1; a <= m; a++) scale[a] = room_of(node[a]);
      Vec factor[kMaxFastDimension];
      for (int a = 0; a < m; a++) factor[a] = w * scale[a + 1];
      const int width = m + 1;
      for (int e = 0; e < N; e++) {
        const Vec* const f = features_ + e * width;
        Vec* const row = A_ + usize(e) * usize(U) + usize(j * width);
        const Vec value = w * f[0];
        row[0] = value;
        error[e] += value;
        for (int a = 0; a < m; a++) row[a + 1] = f[a + 1] * factor[a];
      }
    }
    Vec square = {};
    for (int e = 0; e < N; e++) square = madd(error[e], error[e], square);
    return square_root(square);
  }

  // The Cholesky factors of A A'. Lanes of the result are set where it is singular.
  Index factor() {
    for (int e = N; e < padded; e++)
      for (int u = 0; u < U; u++) A_[usize(e) * usize(U) + usize(u)] = Vec{};
    Index singular = {};
    for (int i = 0; i < padded; i += kTile)
      for (int j = 0; j <= i; j += kTile) {
        Vec tile[kTile][kTile];
        products_of(i, j, tile);
        if (j < i)
          below(i, j, tile);
        else
          singular |= diagonal(i, tile);
      }
    return singular;
  }

  // The step that answers the error. Returns the share of it that may be made.
  Vec find_step() {
    for (int i = 0; i < padded; i++) {
      const Vec* const row = L_ + usize(i) * usize(padded);
      Vec s0 = error[i], s1 = {}, s2 = {}, s3 = {};
      int p = 0;
      for (; p + 4 <= i; p += 4) {
        s0 = nmadd(row[p], y_[p], s0);
        s1 = nmadd(row[p + 1], y_[p + 1], s1);
        s2 = nmadd(row[p + 2], y_[p + 2], s2);
        s3 = nmadd(row[p + 3], y_[p + 3], s3);
      }
      for (; p < i; p++) s0 = nmadd(row[p], y_[p], s0);
      y_[i] = ((s0 + s1) + (s2 + s3)) * inverse_[i];
    }
    for (int i = padded - 1; i >= 0; i--) {
      const Vec* const row = L_ + usize(i) * usize(padded);
      const Vec x = y_[i] * inverse_[i];
      y_[i] = x;
      for (int p = 0; p < i; p++) y_[p] = nmadd(row[p], x, y_[p]);
    }
    for (int u = 0; u < U; u++) step_[u] = Vec{};
    for (int e = 0; e < padded; e += kTile) {
      const Vec* row[kTile];
      Vec x[kTile];
      for (int c = 0; c < kTile; c++) {
        row[c] = A_ + usize(e + c) * usize(U);
        x[c] = y_[e + c];
      }
      for (int u = 0; u < U; u++) {
        Vec s = step_[u];
        for (int c = 0; c < kTile; c++) s = nmadd(row[c][u], x[c], s);
        step_[u] = s;
      }
    }
    for (int u = 0; u < U; u++) step_[u] *= scale_[u];
    return share_of_step();
  }

  void move(Index where, Vec share) {
    for (int u = 0; u < U; u++) z[u] = choose(where, madd(share, step_[u], z[u]), z[u]);
  }

  const Vec* step() const { return step_; }
  double* scratch() { return reinterpret_cast<double*>(step_); }  // U vectors, between two cells

 private:
  const FreeShape& shape_;

 public:
  const int N, padded, n, m, U;
  Vec *z, *target, *error;  // U: weight and coordinates of each node; N; N

 private:
  // Rows i of A times rows j, less what the columns of L before j take.
  FEWPOINTS_INLINE void products_of(int i, int j, Vec (*tile)[kTile]) {
    const Vec *a[kTile], *b[kTile];
    Vec s[kTile][kTile] = {};
    for (int c = 0; c < kTile; c++) {
      a[c] = A_ + usize(i + c) * usize(U);
      b[c] = A_ + usize(j + c) * usize(U);
    }
    for (int u = 0; u < U; u++) {
      Vec x[kTile];
      for (int c = 0; c < kTile; c++) x[c] = a[c][u];
      for (int d = 0; d < kTile; d++) {
        const Vec v = b[d][u];
        for (int c = 0; c < kTile; c++) s[c][d] = madd(x[c], v, s[c][d]);
      }
    }
    for (int c = 0; c < kTile; c++) {
      a[c] = L_ + usize(i + c) * usize(padded);
      b[c] = L_ + usize(j + c) * usize(padded);
    }
    for (int p = 0; p < j; p++) {
      Vec x[kTile];
      for (int c = 0; c < kTile; c++) x[c] = a[c][p];
      for (int d = 0; d < kTile; d++) {
        const Vec v = b[d][p];
        for (int c = 0; c < kTile; c++) s[c][d] = nmadd(x[c], v, s[c][d]);
      }
    }
    for (int c = 0; c < kTile; c++)
      for (int d = 0; d < kTile; d++) tile[c][d] = s[c][d];
  }
  FEWPOINTS_INLINE void below(int i, int j, Vec (*tile)[kTile]) {
    for (int d = 0; d < kTile; d++) {
      const Vec* const row = L_ + usize(j + d) * usize(padded) + j;
      for (int c = 0; c < kTile; c++) {
        Vec s = tile[c][d];
        for (int q = 0; q < d; q++) s = nmadd(tile[c][q], row[q], s);
        s *= inverse_[j + d];
        tile[c][d] = s;
        L_[usize(i + c) * usize(padded) + usize(j + d)] = s;
      }
    }
  }
  FEWPOINTS_INLINE Index diagonal(int i, Vec (*tile)[kTile]) {
    Index singular = {};
    for (int d = 0; d < kTile; d++) {
      Vec pivot = tile[d][d];
      for (int q = 0; q < d; q++) pivot = nmadd(tile[d][q], tile[d][q], pivot);
      if (i + d >= N) pivot = splat(1);
      const Index good = pivot > splat(kSmallestPivot);
      singular |= ~good;
      const Vec inverse = splat(1) / square_root(choose(good, pivot, splat(1)));
      inverse_[i + d] = inverse;
      for (int c = d + 1; c < kTile; c++) {
        Vec s = tile[c][d];
        for (int q = 0; q < d; q++) s = nmadd(tile[c][q], tile[d][q], s);
        s *= inverse;
        tile[c][d] = s;
        L_[usize(i + c) * usize(padded) + usize(i + d)] = s;
      }
    }
    return singular;
  }

  Vec share_of_step() {
    Vec most = splat(1);  // how many times too long the step is
    for (int j = 0; j < n; j++) {
      const Vec *const node = z + j * (m + 1), *const by = step_ + j * (m + 1);
      most = maximum(-by[0] / (splat(1 - kWeightLeft) * node[0]), most);
      for (int a = 1; a <= m; a++) {
        const Vec room = choose(by[a] > Vec{}, splat(1) - node[a], splat(1) + node[a]);
        most = maximum(magnitude(by[a]) / (splat(kRoomTaken) * room), most);  // 0 / 0 is no limit
      }
    }
    return splat(1) / most;
  }

  Vec *scale_, *step_, *y_, *inverse_, *features_, *powers_, *A_, *L_;
};

// Lane l gets the cell: its target, and its start.
void enter(const FreeShape& shape, const FreeBatch& cells, int cell, int lane, Lanes& lanes) {
  const int m = shape.dimension, n = shape.nodes, width = m + 1;
  const double* const target = cells.targets + usize(cell) * usize(shape.count);
  for (int e = 0; e < lanes.padded; e++) lanes.target[e][lane] = e < shape.count ? target[e] : 0;
  const double* const points = cells.from_rule ? shape.points : cells.points + usize(cell) * usize(n * m);
  const double* const weights = cells.from_rule ? shape.weights : cells.weights + usize(cell) * usize(n);
  for (int j = 0; j < n; j++) {
    lanes.z[j * width][lane] = weights[j];
    for (int a = 0; a < m; a++) lanes.z[j * width + 1 + a][lane] = points[j * m + a];
  }
  if (!cells.from_rule) return;
  double* const step = lanes.scratch();
  first_step(shape, target, step);
  for (int u = 0; u < lanes.U; u++) lanes.z[u][lane] += step[u];
}

bool is_large(const FreeShape& shape) { return shape.count >= kManyMoments; }

}  // namespace

size_t free_workspace(const FreeShape& shape) {
  return is_large(shape) ? one_cell_workspace(shape) : Lanes::vectors(shape) * W;
}

void free_first(const FreeShape& shape, double* first, double* workspace) {
  if (is_large(shape)) return one_cell_first(shape, first, workspace);
  Lanes lanes(shape, workspace);
  const int width = shape.dimension + 1, stride = first_stride(shape);
  for (int j = 0; j < shape.nodes; j++) {
    lanes.z[j * width] = splat(shape.weights[j]);
    for (int a = 0; a < shape.dimension; a++) lanes.z[j * width + 1 + a] = splat(shape.points[j * shape.dimension + a]);
  }
  for (int e = 0; e < lanes.padded; e++) lanes.target[e] = Vec{};
  lanes.evaluate<true>();
  lanes.factor();
  for (int from = 0; from < shape.count; from += W) {
    for (int e = 0; e < lanes.padded; e++)
      for (int l = 0; l < W; l++) lanes.error[e][l] = e == from + l ? -1 : 0;
    lanes.find_step();
    for (int l = 0; l < W && from + l < shape.count; l++)
      for (int u = 0; u < stride; u++)
        first[usize(from + l) * usize(stride) + usize(u)] = u < lanes.U ? lanes.step()[u][l] : 0;
  }
}

void free_points(const FreeShape& shape, const FreeBatch& cells, double* workspace) {
  if (is_large(shape)) return one_cell_points(shape, cells, workspace);
  Lanes lanes(shape, workspace);
  const int width = shape.dimension + 1, m = shape.dimension, n = shape.nodes;
  const double root = __builtin_sqrt(static_cast<double>(shape.count));
  const Vec rounded = splat(kRounded * root), final = splat(kFinal * root);
  int next = 0, at[W], factors[W];
  Index open = {};
  const auto fill = [&](int lane) {
    at[lane] = next < cells.count ? next++ : -1;
    factors[lane] = 0;
    open[lane] = at[lane] >= 0 ? -1 : 0;
    // A lane without a cell repeats another's work.
    enter(shape, cells, at[lane] >= 0 ? at[lane] : 0, lane, lanes);
  };
  const auto leave = [&](int lane, double residual) {
    const int cell = at[lane];
    cells.residuals[cell] = residual;
    double* const points = cells.points + usize(cell) * usize(n * m);
    double* const weights = cells.weights + usize(cell) * usize(n);
    for (int j = 0; j < n; j++) {
      weights[j] = lanes.z[j * width][lane];
      for (int a = 0; a < m; a++) points[j * m + a] = lanes.z[j * width + 1 + a][lane];
    }
    fill(lane);
  };
  if (cells.count == 0) return;
  for (int l = 0; l < W; l++) fill(l);
  while (any(open) && !cells.stop()) {
    Vec now = lanes.evaluate<true>();
    Index done = open & (now < rounded);
    Index failed = open & ~(now < splat(kLargestError));
    failed |= open & ~done & lanes.factor();
    // Steps with these factors, as long as they pay.
    Index moving = open & ~done & ~failed;
    for (int s = 0; s < kMostSteps && any(moving); s++) {
      const Vec share = lanes.find_step();
      const Index too_short = ~(share > splat(kLeastStep));
      failed |= moving & too_short;
      moving &= ~too_short;
      lanes.move(moving, share);
      const Vec before = now;
      now = choose(moving, lanes.evaluate<false>(), now);
      done |= moving & ((now < rounded) | ((now < final) & (now > splat(kFalls) * before)));
      moving &= ~done & (now < splat(kContracted) * before);
    }
    for (int l = 0; l < W; l++) {
      if (open[l] == 0) continue;
      if (done[l] != 0)
        leave(l, now[l]);
      else if (failed[l] != 0 || ++factors[l] >= kMostFactors)
        leave(l, kInfinite);
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
