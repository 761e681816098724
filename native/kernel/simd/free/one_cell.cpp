// Newton's method of free_points.cpp for one cell at a time. Lanes are nodes: the unknowns are all weights, then all
// first coordinates, and so on, each padded to whole vectors by nodes of weight zero.
#include "simd/free/one_cell.hpp"

#include "simd/free/newton.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

FEWPOINTS_INLINE constexpr int whole(int count) { return (count + W - 1) / W * W; }
// Columns of a block of W x W that are summed together.
constexpr int kColumns = 2;

class OneCell {
 public:
  OneCell(const FreeShape& shape, double* workspace)
      : shape_(shape), N(shape.count), padded(whole(N)), n(whole(shape.nodes)), m(shape.dimension), U(n * (m + 1)) {
    const auto take = [&workspace](size_t count) {
      double* const p = workspace;
      workspace += count;
      return p;
    };
    z = take(usize(U));
    step = take(usize(U));
    scale_ = take(usize(U));
    error = take(usize(padded));
    y_ = take(usize(padded));
    inverse_ = take(usize(padded));
    features_ = reinterpret_cast<Vec*>(take(usize(N * (m + 1)) * W));
    powers_ = reinterpret_cast<Vec*>(take(usize(2 * m * (shape.order + 1)) * W));
    sums_ = reinterpret_cast<Vec*>(take(usize(padded) * W));
    A_ = take(usize(padded) * usize(U));
    L_ = take(usize(padded) * usize(padded));
  }
  static size_t doubles(const FreeShape& shape) {
    const size_t padded = usize(whole(shape.count));
    const size_t unknowns = usize(whole(shape.nodes) * (shape.dimension + 1));
    return 3 * unknowns + 3 * padded +
           (usize(shape.count * (shape.dimension + 1)) + usize(2 * shape.dimension * (shape.order + 1)) + padded) * W +
           padded * (unknowns + padded);
  }

  // points: nodes x m. Steps are laid out as those of free_first.
  void set(const double* points, const double* weights) {
    for (int u = 0; u < U; u++) z[u] = 0;
    for (int j = 0; j < shape_.nodes; j++) {
      z[j] = weights[j];
      for (int a = 0; a < m; a++) z[(a + 1) * n + j] = points[j * m + a];
    }
  }
  void get(double* points, double* weights) const {
    for (int j = 0; j < shape_.nodes; j++) {
      weights[j] = z[j];
      for (int a = 0; a < m; a++) points[j * m + a] = z[(a + 1) * n + j];
    }
  }

  // The error of the moments at z, and with `jacobian` A and the scales. Returns the 2-norm of the error.
  template <bool jacobian>
  double evaluate(const double* target) {
    for (int e = 0; e < padded; e++) sums_[e] = Vec{};
    for (int j = 0; j < n; j += W) {
      Vec t[kMaxFastDimension];
      for (int a = 0; a < m; a++) t[a] = load(z + (a + 1) * n + j);
      powers_at<jacobian>(shape_, t, powers_);
      features_at<jacobian>(shape_, powers_, features_);
      const Vec w = load(z + j);
      if constexpr (!jacobian) {
        for (int e = 0; e < N; e++) sums_[e] = madd(w, features_[e], sums_[e]);
        continue;
      }
      Vec factor[kMaxFastDimension];
      store(scale_ + j, w);
      for (int a = 0; a < m; a++) {
        const Vec room = room_of(t[a]);
        store(scale_ + (a + 1) * n + j, room);
        factor[a] = w * room;
      }
      for (int e = 0; e < N; e++) {
        const Vec* const f = features_ + e * (m + 1);
        double* const row = A_ + usize(e) * usize(U) + usize(j);
        const Vec value = w * f[0];
        store(row, value);
        sums_[e] += value;
        for (int a = 0; a < m; a++) store(row + (a + 1) * n, f[a + 1] * factor[a]);
      }
    }
    double square = 0;
    for (int e = 0; e < padded; e += W) store(error + e, sums_of(sums_ + e));
    for (int e = 0; e < N; e++) {
      error[e] -= target[e];
      square += error[e] * error[e];
    }
    return __builtin_sqrt(square);
  }

  // The Cholesky factors of A A'. False: it is singular.
  bool factor() {
    for (int e = N; e < padded; e++)
      for (int u = 0; u < U; u += W) store(A_ + usize(e) * usize(U) + usize(u), Vec{});
    for (int i = 0; i < padded; i += W)
      for (int j = 0; j <= i; j += W) {
        Vec block[W];  // by column; lanes are rows
        products_of(i, j, block);
        if (j < i)
          below(i, j, block);
        else if (!diagonal(i, block))
          return false;
      }
    return true;
  }

  // The step that answers the error. Returns the share of it that may be made.
  double find_step() {
    for (int i = 0; i < padded; i += W) {
      Vec s[W] = {};
      for (int p = 0; p < i; p += W)
        for (int r = 0; r < W; r++) s[r] = madd(load(L_ + usize(i + r) * usize(padded) + usize(p)), load(y_ + p), s[r]);
      const Vec rest = load(error + i) - sums_of(s);
      for (int d = 0; d < W; d++) {
        const double* const row = L_ + usize(i + d) * usize(padded) + i;
        double x = rest[d];
        for (int q = 0; q < d; q++) x -= row[q] * y_[i + q];
        y_[i + d] = x * inverse_[i + d];
      }
    }
    for (int i = padded - W; i >= 0; i -= W) {
      for (int d = W - 1; d >= 0; d--) {
        const double* const row = L_ + usize(i + d) * usize(padded) + i;
        const double x = y_[i + d] * inverse_[i + d];
        y_[i + d] = x;
        for (int q = 0; q < d; q++) y_[i + q] -= row[q] * x;
      }
      for (int p = 0; p < i; p += W) {
        Vec s = load(y_ + p);
        for (int d = 0; d < W; d++) s = nmadd(load(L_ + usize(i + d) * usize(padded) + usize(p)), splat(y_[i + d]), s);
        store(y_ + p, s);
      }
    }
    for (int u = 0; u < U; u += W) store(step + u, Vec{});
    for (int e = 0; e < padded; e += W)
      for (int u = 0; u < U; u += W) {
        Vec s = load(step + u);
        for (int d = 0; d < W; d++) s = nmadd(load(A_ + usize(e + d) * usize(U) + usize(u)), splat(y_[e + d]), s);
        store(step + u, s);
      }
    for (int u = 0; u < U; u += W) store(step + u, load(step + u) * load(scale_ + u));
    return share_of_step();
  }

  void move(double share) {
    for (int u = 0; u < U; u += W) store(z + u, madd(splat(share), load(step + u), load(z + u)));
  }

 private:
  const FreeShape& shape_;

 public:
  const int N, padded, n, m, U;  // n: nodes, padded
  double *z, *step, *error;

 private:
  // Rows i .. i + W of A times rows j .. j + W, less what the columns of L before j take.
  FEWPOINTS_INLINE void products_of(int i, int j, Vec* block) {
    for (int c = 0; c < W; c += kColumns) {
      Vec s[kColumns][W] = {};
      multiply<false>(A_ + usize(i) * usize(U), A_ + usize(j + c) * usize(U), U, U, s);
      multiply<true>(L_ + usize(i) * usize(padded), L_ + usize(j + c) * usize(padded), padded, j, s);
      for (int d = 0; d < kColumns; d++) block[c + d] = sums_of(s[d]);
    }
  }
  template <bool subtracts>
  FEWPOINTS_INLINE static void multiply(const double* a, const double* b, int stride, int length, Vec (*s)[usize(W)]) {
    for (int u = 0; u < length; u += W) {
      Vec y[kColumns];
      for (int d = 0; d < kColumns; d++) y[d] = load(b + usize(d) * usize(stride) + usize(u));
#pragma GCC unroll 8
      for (int r = 0; r < W; r++) {
        const Vec x = load(a + usize(r) * usize(stride) + usize(u));
        for (int d = 0; d < kColumns; d++) s[d][r] = subtracts ? nmadd(x, y[d], s[d][r]) : madd(x, y[d], s[d][r]);
      }
    }
  }
  void below(int i, int j, Vec* block) {
    for (int d = 0; d < W; d++) {
      const double* const row = L_ + usize(j + d) * usize(padded) + j;
      Vec s = block[d];
      for (int q = 0; q < d; q++) s = nmadd(block[q], splat(row[q]), s);
      block[d] = s * splat(inverse_[j + d]);
    }
    keep(i, j, block);
  }
  bool diagonal(int i, Vec* block) {
    for (int d = 0; d < W; d++) {
      Vec s = block[d];
      for (int q = 0; q < d; q++) s = nmadd(block[q], splat(block[q][d]), s);
      const double pivot = i + d < N ? s[d] : 1;
      if (!(pivot > kSmallestPivot)) return false;
      inverse_[i + d] = 1 / __builtin_sqrt(pivot);
      block[d] = s * splat(inverse_[i + d]);
    }
    keep(i, i, block);
    return true;
  }
  void keep(int i, int j, const Vec* block) {
    for (int r = 0; r < W; r++) {
      double* const row = L_ + usize(i + r) * usize(padded) + j;
      for (int d = 0; d < W; d++) row[d] = block[d][r];
    }
  }

  double share_of_step() const {
    Vec most = splat(1);  // how many times too long the step is
    for (int j = 0; j < n; j += W) {
      const Vec w = load(z + j);
      most = maximum(choose(w > Vec{}, -load(step + j) / (splat(1 - kWeightLeft) * w), Vec{}), most);
      for (int a = 1; a <= m; a++) {
        const Vec t = load(z + a * n + j), by = load(step + a * n + j);
        const Vec room = choose(by > Vec{}, splat(1) - t, splat(1) + t);
        most = maximum(magnitude(by) / (splat(kRoomTaken) * room), most);
      }
    }
    return 1 / largest(most);
  }

  double *scale_, *y_, *inverse_, *A_, *L_;
  Vec *features_, *powers_, *sums_;
};

// Returns the residual; infinite: no points were found.
double solve(OneCell& cell, const double* target, const Stop& stop) {
  const double root = __builtin_sqrt(static_cast<double>(cell.N)), rounded = kRounded * root, final = kFinal * root;
  for (int factors = 0; factors < kMostFactors && !stop(); factors++) {
    double now = cell.evaluate<true>(target);
    if (now < rounded) return now;
    if (!(now < kLargestError) || !cell.factor()) return kInfinite;
    // Steps with these factors, as long as they pay.
    for (int s = 0; s < kMostSteps; s++) {
      const double share = cell.find_step(), before = now;
      if (!(share > kLeastStep)) return kInfinite;
      cell.move(share);
      now = cell.evaluate<false>(target);
      if (now < rounded || (now < final && now > kFalls * before)) return now;
      if (!(now < kContracted * before)) break;
    }
  }
  return kInfinite;
}

}  // namespace

size_t one_cell_workspace(const FreeShape& shape) { return OneCell::doubles(shape) + usize(first_stride(shape)); }

void one_cell_first(const FreeShape& shape, double* first, double* workspace) {
  OneCell cell(shape, workspace);
  cell.set(shape.points, shape.weights);
  double* const zero = first;
  for (int e = 0; e < shape.count; e++) zero[e] = 0;
  cell.evaluate<true>(zero);
  cell.factor();
  const int width = shape.dimension + 1, stride = first_stride(shape);
  for (int e = 0; e < shape.count; e++) {
    for (int i = 0; i < cell.padded; i++) cell.error[i] = i == e ? -1 : 0;
    cell.find_step();
    double* const row = first + usize(e) * usize(stride);
    for (int u = 0; u < stride; u++) row[u] = u < shape.nodes * width ? cell.step[u % width * cell.n + u / width] : 0;
  }
}

void one_cell_points(const FreeShape& shape, const FreeBatch& cells, double* workspace) {
  OneCell cell(shape, workspace + first_stride(shape));
  const int m = shape.dimension, width = m + 1;
  for (int i = 0; i < cells.count && !cells.stop(); i++) {
    const double* const target = cells.targets + usize(i) * usize(shape.count);
    double* const points = cells.points + usize(i) * usize(shape.nodes * m);
    double* const weights = cells.weights + usize(i) * usize(shape.nodes);
    cell.set(cells.from_rule ? shape.points : points, cells.from_rule ? shape.weights : weights);
    if (cells.from_rule) {
      first_step(shape, target, workspace);
      for (int u = 0; u < shape.nodes * width; u++) cell.z[u % width * cell.n + u / width] += workspace[u];
    }
    cells.residuals[i] = solve(cell, target, cells.stop);
    cell.get(points, weights);
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
