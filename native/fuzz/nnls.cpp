// nnls(): the conditions of Karush, Kuhn and Tucker that nnls/nnls.hpp promises. With equality constraints: they are
// met, and multipliers exist.
#include "nnls/nnls.hpp"

#include <Eigen/Dense>

#include "property.hpp"
#include "reference.hpp"

namespace {

using namespace fuzz;
using fewpoints::Code;

// A matrix of rows x columns and a right-hand side.
struct System {
  std::vector<double> matrix, rhs;
  std::size_t rows = 0, columns = 0;
  bool plain = true, finite = true;
  double at(std::size_t i, std::size_t j) const { return matrix[i * columns + j]; }
};

System read_system(Input& in, std::size_t rows, std::size_t columns) {
  System s;
  s.rows = rows;
  s.columns = columns;
  s.plain = read_points(in, rows, static_cast<int>(columns), s.matrix) == Kind::Plain;
  s.plain = (read_column(in, rows, s.rhs) == Kind::Plain) && s.plain;
  s.finite = all_finite(s.matrix) && all_finite(s.rhs);
  return s;
}

// |A x - b|, and the sizes that the KKT conditions are relative to.
struct Measured {
  std::vector<Real> residual;
  Real norm = 0, size = 0;
  std::vector<Real> column_norms;
};

Real norm_of(const std::vector<Real>& v) {
  Real s = 0;
  for (const Real t : v) s += t * t;
  return std::sqrt(s);
}

Measured measure(const System& s, const std::vector<double>& x) {
  Measured out;
  out.residual.assign(s.rows, 0);
  std::vector<Real> b(s.rows);
  for (std::size_t i = 0; i < s.rows; i++) {
    b[i] = s.rhs[i];
    out.residual[i] = b[i];
    for (std::size_t j = 0; j < s.columns; j++) out.residual[i] -= static_cast<Real>(s.at(i, j)) * x[j];
  }
  out.norm = norm_of(out.residual);
  out.size = norm_of(b);
  for (std::size_t j = 0; j < s.columns; j++) {
    Real square = 0;
    for (std::size_t i = 0; i < s.rows; i++) square += static_cast<Real>(s.at(i, j)) * s.at(i, j);
    out.column_norms.push_back(std::sqrt(square));
    out.size += out.column_norms[j] * x[j];
  }
  return out;
}

// A number below the smallest normal double has lost digits, and the conditions of its column show that.
bool has_lost_digits(const std::vector<double>& x) {
  for (const double v : x)
    if (v > 0 && v < std::numeric_limits<double>::min()) return true;
  return false;
}

void check_kkt(const System& s, const std::vector<double>& x, const Measured& at) {
  constexpr Real kBound = 0x1p-43L;  // twice what is promised for the arithmetic of doubles
  for (std::size_t j = 0; j < s.columns; j++) {
    Real reduced_cost = 0;
    for (std::size_t i = 0; i < s.rows; i++) reduced_cost += static_cast<Real>(s.at(i, j)) * at.residual[i];
    // A reduced cost that a double cannot hold does not count.
    const Real bound = kBound * at.column_norms[j] * at.size + 0x1p-1022L;
    demand(reduced_cost <= bound, "a column that is left out would help", static_cast<double>(reduced_cost),
           static_cast<double>(bound));
    demand(x[j] == 0 || -reduced_cost <= bound, "a column has too much", static_cast<double>(reduced_cost),
           static_cast<double>(bound));
  }
}

void check_met(const System& equality, const std::vector<double>& x) {
  for (std::size_t i = 0; i < equality.rows; i++) {
    Real sum = -static_cast<Real>(equality.rhs[i]), size = std::fabs(sum);
    for (std::size_t j = 0; j < equality.columns; j++) {
      const Real t = static_cast<Real>(equality.at(i, j)) * x[j];
      sum += t;
      size += std::fabs(t);
    }
    demand(std::fabs(sum) <= 0x1p-39L * size, "an equality constraint is not met", static_cast<double>(sum),
           static_cast<double>(size));
  }
}

// Multipliers u with A'r + E'u = 0 where x > 0, and <= 0 elsewhere. Takes those of least squares, when they are unique.
void check_multipliers(const System& s, const System& equality, const std::vector<double>& x, const Measured& at) {
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
  std::vector<std::size_t> passive;
  for (std::size_t j = 0; j < x.size(); j++)
    if (x[j] > 0) passive.push_back(j);
  const auto rows = static_cast<Eigen::Index>(equality.rows), count = static_cast<Eigen::Index>(passive.size());
  if (count < rows) return;
  Vector reduced_cost(static_cast<Eigen::Index>(x.size()));
  for (std::size_t j = 0; j < x.size(); j++) {
    Real p = 0;
    for (std::size_t i = 0; i < s.rows; i++) p += static_cast<Real>(s.at(i, j)) * at.residual[i];
    reduced_cost[static_cast<Eigen::Index>(j)] = p;
  }
  Matrix E(count, rows);
  Vector rhs(count);
  for (Eigen::Index k = 0; k < count; k++) {
    const std::size_t j = passive[static_cast<std::size_t>(k)];
    rhs[k] = -reduced_cost[static_cast<Eigen::Index>(j)];
    for (Eigen::Index i = 0; i < rows; i++) E(k, i) = equality.at(static_cast<std::size_t>(i), j);
  }
  Eigen::ColPivHouseholderQR<Matrix> qr(E);
  qr.setThreshold(1e-6L);
  if (qr.rank() < rows) return;
  const Vector u = qr.solve(rhs);
  for (std::size_t j = 0; j < x.size(); j++) {
    Real value = reduced_cost[static_cast<Eigen::Index>(j)], size = at.column_norms[j] * at.size;
    for (Eigen::Index i = 0; i < rows; i++) {
      const Real t = static_cast<Real>(equality.at(static_cast<std::size_t>(i), j)) * u[i];
      value += t;
      size += std::fabs(t);
    }
    demand(value <= 1e-8L * size && (x[j] == 0 || -value <= 1e-8L * size), "no multipliers fit",
           static_cast<double>(value), static_cast<double>(size));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  const int threads = read_threads(in), shape = in.byte();
  const std::size_t columns = 1 + static_cast<std::size_t>(shape < 230 ? shape % 12 : shape - 200);
  const std::size_t tall = in.byte(), rows = tall < 250 ? tall % 20 : (tall - 249) * 40;
  const std::size_t equal = in.one_in(3) ? 1 + static_cast<std::size_t>(in.below(4)) : rows == 0 ? 1 : 0;
  System system = read_system(in, rows, columns), equality = read_system(in, equal, columns);
  // Constraints with a known solution: x = 1/2 in every second column, else 0.
  if (in.below(2) == 0 && equality.finite)
    for (std::size_t i = 0; i < equal; i++) {
      equality.rhs[i] = 0;
      for (std::size_t j = 0; j < columns; j += 2) equality.rhs[i] += equality.at(i, j) / 2;
      equality.finite = equality.finite && std::isfinite(equality.rhs[i]);
    }

  fewpoints::Monitor monitor;
  const bool finite = system.finite && equality.finite;
  const auto run = [&](int team) {
    return attempt(
        [&] {
          fewpoints::LeastSquares problem(columns);
          if (rows > 0) problem.set_matrix(view_of(system.matrix, rows, columns), view_of(system.rhs));
          if (equal > 0) problem.set_equality(view_of(equality.matrix, equal, columns), view_of(equality.rhs));
          return nnls(std::move(problem), team, monitor);
        },
        [&](Code code) {
          if (code == Code::NotFinite) return !finite;
          return code == Code::Infeasible && (equal > 0 || !system.plain);
        });
  };
  const auto result = run(threads);
  if (!result) return 0;
  demand(finite, "numbers that are not finite were taken");
  const std::vector<double>& x = result->x;
  demand(x.size() == columns, "length");
  for (const double v : x) demand(v >= 0 && std::isfinite(v), "x is finite and not negative", v);
  demand(result->residual_norm >= 0 && std::isfinite(result->residual_norm), "residual norm", result->residual_norm);
  if (has_lost_digits(x)) return 0;
  const Measured at = measure(system, x);
  const auto norm = static_cast<Real>(result->residual_norm);
  demand(std::fabs(norm - at.norm) <= 0x1p-48L * at.size + 4 * 0x1p-1074L, "residual norm", result->residual_norm,
         static_cast<double>(at.norm));
  if (equal == 0) {
    check_kkt(system, x, at);
  } else {
    check_met(equality, x);
    if (rows > 0 && system.plain && equality.plain) check_multipliers(system, equality, x, at);
  }
  if (threads > 1) {
    const auto one = run(1);
    demand(one && same_bits(one->x, x), "one thread gives other bits than two");
  }
  return 0;
}
