#include "nnls/equality.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/list.hpp"
#include "base/shown.hpp"
#include "base/tolerances.hpp"

namespace fewpoints {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// tau: the weight of the constraints (rows of norm 1) against A (scaled so that its largest entry is in [1, 2)). The
// multipliers make up for a weight that is too small; a larger one would cost digits of A.
constexpr double kWeight = 0x1p8;
// The constraints are met when |E x - f| is at most this share of sum |E_ij| x_j + |f_i| in every row.
constexpr double kMet = 0x1p-40;
// The bound of the optimality conditions: see nnls() in nnls.hpp.
constexpr double kDual = 0x1p-44;
constexpr int kMaxRounds = 200, kExactRounds = 20;

Matrix dense(const RowMajor& from) {
  Matrix to(static_cast<Eigen::Index>(from.rows), static_cast<Eigen::Index>(from.columns));
  for (Eigen::Index i = 0; i < to.rows(); i++)
    for (Eigen::Index j = 0; j < to.cols(); j++)
      to(i, j) = from.row(static_cast<std::size_t>(i))[static_cast<std::size_t>(j)];
  return to;
}

RowMajor row_major(const Matrix& from) {
  RowMajor to(static_cast<std::size_t>(from.rows()), static_cast<std::size_t>(from.cols()));
  for (Eigen::Index i = 0; i < from.rows(); i++)
    for (Eigen::Index j = 0; j < from.cols(); j++)
      to.row(static_cast<std::size_t>(i))[static_cast<std::size_t>(j)] = from(i, j);
  return to;
}

Vector vector_of(const List<double>& from) {
  return Eigen::Map<const Vector>(from.data(), static_cast<Eigen::Index>(from.size()));
}

Vector solution_of(const ActiveSet& set, Eigen::Index columns) {
  Vector x = Vector::Zero(columns);
  for (std::size_t k = 0; k < set.passive().size(); k++) x[set.passive()[k]] = set.value(k);
  return x;
}

// The largest of |E x - f| / (sum |E_ij| x_j + |f_i|) over the rows.
double unmet(const Matrix& E, const Vector& f, const Vector& x) {
  const Vector difference = E * x - f, size = E.cwiseAbs() * x + f.cwiseAbs();
  double max = 0;
  for (Eigen::Index i = 0; i < f.size(); i++)
    if (difference[i] != 0) max = std::max(max, std::fabs(difference[i]) / size[i]);
  return max;
}

// Orthonormal rows with the same span as those of E, and the values that they must have on x.
void orthonormal_rows(const Matrix& E, const Vector& f, Matrix& rows, Vector& values) {
  Vector norm = E.rowwise().norm();
  Matrix transposed = E.transpose();
  Vector g = f;
  for (Eigen::Index i = 0; i < norm.size(); i++)
    if (norm[i] > 0) {
      transposed.col(i) /= norm[i];
      g[i] /= norm[i];
    }
  Eigen::ColPivHouseholderQR<Matrix> qr(transposed);
  qr.setThreshold(kEpsilon * static_cast<double>(std::max(E.rows(), E.cols())));
  const Eigen::Index rank = qr.rank();
  if (rank == 0) {
    rows = Matrix(0, E.cols());
    values = Vector(0);
    return;
  }
  rows = (qr.householderQ() * Matrix::Identity(E.cols(), rank)).transpose();
  const Vector permuted = qr.colsPermutation().transpose() * g;
  values = qr.matrixR().topLeftCorner(rank, rank).triangularView<Eigen::Upper>().transpose().solve(permuted.head(rank));
}

// Solves min |A x - b| with E x = f and no other bounds, by the null space of E. Also finds the multipliers u with
// A'(b - A x) + E'u = 0 that are nearest to the given ones.
struct OnPassive {
  Matrix A, E;
  Vector x, u;

  void solve(const Vector& b, const Vector& f) {
    const Eigen::Index k = A.cols();
    x = Vector(Vector::Zero(k));  // a new vector, for the reason given in nnls_with_equality()
    if (k == 0) return;
    Eigen::ColPivHouseholderQR<Matrix> constraints(E.transpose());
    const Eigen::Index rank = constraints.rank();
    const Matrix Q = constraints.householderQ() * Matrix::Identity(k, k);
    const Matrix range = Q.leftCols(rank), null = Q.rightCols(k - rank);
    const auto triangle = constraints.matrixR().topLeftCorner(rank, rank).triangularView<Eigen::Upper>();
    Eigen::CompleteOrthogonalDecomposition<Matrix> free;
    if (k > rank) free.compute(A * null);
    for (int step = 0; step < 2; step++) {  // the second step is refinement
      const Vector missing = constraints.colsPermutation().transpose() * (f - E * x);
      if (rank > 0) x += range * triangle.transpose().solve(missing.head(rank));
      if (k > rank) x += null * free.solve(b - A * x);
    }
    const Vector gradient = A.transpose() * (b - A * x) + E.transpose() * u;
    if (rank > 0) u -= Eigen::CompleteOrthogonalDecomposition<Matrix>(E.transpose()).solve(gradient);
  }
};

// The error that names the row that is furthest from being met, and its value at the nearest x >= 0.
Error infeasible(const LeastSquares& p, int threads, Monitor& monitor) {
  RowMajor scaled(p.equality.rows, p.columns);
  double max = 0;
  for (std::size_t i = 0; i < scaled.rows; i++)
    for (std::size_t j = 0; j < scaled.columns; j++) max = std::max(max, std::fabs(p.equality.row(i)[j]));
  const int exponent = max > 0 ? std::ilogb(max) : 0;
  for (std::size_t i = 0; i < scaled.rows; i++)
    for (std::size_t j = 0; j < scaled.columns; j++) scaled.row(i)[j] = std::ldexp(p.equality.row(i)[j], -exponent);
  ActiveSet set(scaled, threads, monitor);
  set.solve(p.equality_rhs.data());
  const Matrix E = dense(scaled);
  const Vector f = vector_of(p.equality_rhs), x = solution_of(set, E.cols());
  const Vector reached = E * x, size = E.cwiseAbs() * x + f.cwiseAbs();
  Eigen::Index row = 0;
  double furthest = -1;
  for (Eigen::Index i = 0; i < f.size(); i++) {
    const double off = size[i] > 0 ? std::fabs(reached[i] - f[i]) / size[i] : 0;
    if (off <= furthest) continue;
    furthest = off;
    row = i;
  }
  const double wanted = std::ldexp(f[row], p.rhs_exponent), got = std::ldexp(reached[row], p.rhs_exponent);
  const std::string at = std::to_string(row);
  std::string why = "the furthest off is row " + at + ", where equality.rhs[" + at + "] is " + shown(wanted, got) +
                    " and the nearest x >= 0 gives " + shown(got, wanted);
  const bool none_above = E.row(row).maxCoeff() <= 0, none_below = E.row(row).minCoeff() >= 0;
  if (none_above && none_below)
    why += ": that row of equality.matrix is all 0";
  else if ((none_below && wanted < 0) || (none_above && wanted > 0))
    why += std::string(": that row of equality.matrix has no number ") + (wanted > 0 ? "above" : "below") + " 0";
  return Error(Code::Infeasible, "nnls: no x >= 0 meets the equality constraints: the least |E x - f| is " +
                                     shown(std::ldexp(set.residual_norm(), p.rhs_exponent)) + "; " + why);
}

}  // namespace

EqualityResult nnls_with_equality(const LeastSquares& p, int threads, Monitor& monitor) {
  const Eigen::Index columns = static_cast<Eigen::Index>(p.columns);
  Matrix E = dense(p.equality);
  Vector f = vector_of(p.equality_rhs);
  for (Eigen::Index i = 0; i < f.size(); i++) {
    const double max = E.row(i).cwiseAbs().maxCoeff();
    if (max == 0) continue;
    E.row(i) *= std::ldexp(1.0, -std::ilogb(max));
    f[i] = std::ldexp(f[i], -std::ilogb(max));
  }
  Matrix rows;
  Vector values;
  orthonormal_rows(E, f, rows, values);
  EqualityResult result;

  const RowMajor first_matrix = row_major(rows);
  ActiveSet first(first_matrix, threads, monitor);
  first.solve(values.data());
  result.iterations = static_cast<double>(first.steps());
  const Vector start = solution_of(first, columns);
  if (!(unmet(E, f, start) <= kMet)) throw infeasible(p, threads, monitor);
  result.x.assign(start.data(), start.data() + columns);
  if (p.matrix.rows == 0) return result;

  Matrix A = dense(p.matrix);
  Vector b = vector_of(p.rhs);
  const double max = A.cwiseAbs().maxCoeff();
  const double unit = max > 0 ? std::ldexp(1.0, -std::ilogb(max)) : 1;
  A *= unit;
  b *= unit;
  Matrix stacked(rows.rows() + A.rows(), columns);
  stacked << kWeight * rows, A;
  const RowMajor matrix = row_major(stacked);
  ActiveSet set(matrix, threads, monitor);
  const Vector norm = A.colwise().norm();
  Vector u = Vector::Zero(rows.rows());
  for (int round = 0; round < kMaxRounds; round++) {
    Vector rhs(rows.rows() + A.rows());
    rhs << kWeight * values + u / kWeight, b;
    set.solve(rhs.data());
    List<Eigen::Index> passive(set.passive().begin(), set.passive().end());
    std::sort(passive.begin(), passive.end());
    const Vector x = solution_of(set, columns);
    const Vector next = u + kWeight * kWeight * (values - rows * x);

    OnPassive exact;
    exact.u = next;
    while (true) {
      // New matrices: when Eigen 3.4 has no memory to resize a matrix, it frees the old one twice.
      exact.A = Matrix(A(Eigen::all, passive));
      exact.E = Matrix(rows(Eigen::all, passive));
      exact.solve(b, values);
      List<Eigen::Index> kept;
      for (std::size_t k = 0; k < passive.size(); k++)
        if (exact.x[static_cast<Eigen::Index>(k)] > 0) kept.push_back(passive[k]);
      if (kept.size() == passive.size()) break;
      passive = std::move(kept);
    }
    Vector y = Vector::Zero(columns);
    for (std::size_t k = 0; k < passive.size(); k++) y[passive[k]] = exact.x[static_cast<Eigen::Index>(k)];
    const Vector gradient = A.transpose() * (b - A * y) + rows.transpose() * exact.u;
    const double size = b.norm() + norm.dot(y);
    bool done = unmet(E, f, y) <= kMet;
    for (Eigen::Index j = 0; j < columns && done; j++)
      done = gradient[j] <= kDual * (norm[j] * size + rows.col(j).norm() * exact.u.norm());
    if (done) {
      result.x.assign(y.data(), y.data() + columns);
      result.iterations += static_cast<double>(set.steps());
      return result;
    }
    u = round < kExactRounds ? exact.u : next;
  }
  throw Error(Code::Infeasible,
              "nnls: the multipliers of the equality constraints were not found; the constraints and the columns are "
              "too nearly dependent, try to scale them or to drop some");
}

}  // namespace fewpoints
