#include "moment_target.hpp"

#include <cmath>
#include <map>

namespace fewpoints {
namespace {

// Row j: the coefficients of p_j(z) in the given basis of one variable x, z = factor x - shift.
std::vector<std::vector<DoubleDouble>> expansions(Basis basis, int order, const double* a, const double* b,
                                                  const double* c, double factor, DoubleDouble shift) {
  const std::size_t count = static_cast<std::size_t>(order) + 1;
  std::vector<std::vector<DoubleDouble>> p(count, std::vector<DoubleDouble>(count));
  p[0][0] = 1.0;
  const auto times_z = [&](const std::vector<DoubleDouble>& q) {
    std::vector<DoubleDouble> out(count);
    for (std::size_t i = 0; i < count; i++) {
      if (q[i].high == 0) continue;
      out[i] = out[i] - shift * q[i];
      const DoubleDouble scaled = q[i] * DoubleDouble(factor);
      if (basis == Basis::Monomial) {
        if (i + 1 < count) out[i + 1] = out[i + 1] + scaled;
        continue;
      }
      // x P_i = ((i + 1) P_i+1 + i P_i-1) / (2 i + 1)
      const DoubleDouble share = scaled / DoubleDouble(2.0 * static_cast<double>(i) + 1);
      if (i + 1 < count) out[i + 1] = out[i + 1] + share * DoubleDouble(static_cast<double>(i) + 1);
      if (i > 0) out[i - 1] = out[i - 1] + share * DoubleDouble(static_cast<double>(i));
    }
    return out;
  };
  for (std::size_t j = 0; j + 1 < count; j++) {
    const std::vector<DoubleDouble> next = times_z(p[j]);
    for (std::size_t i = 0; i < count; i++) {
      p[j + 1][i] = DoubleDouble(a[j]) * next[i] + DoubleDouble(b[j]) * p[j][i];
      if (j > 0) p[j + 1][i] = p[j + 1][i] - DoubleDouble(c[j]) * p[j - 1][i];
    }
  }
  return p;
}

}  // namespace

MomentTarget localise(const std::vector<double>& target, const MultiIndices& indices, Basis basis,
                      const Recurrence& recurrence, const LocalFrame& frame) {
  MomentTarget result;
  const std::size_t N = static_cast<std::size_t>(indices.count);
  result.value.assign(target.begin(), target.end());
  result.size.resize(N);
  for (std::size_t e = 0; e < N; e++) result.size[e] = std::fabs(target[e]);
  std::map<std::vector<std::uint8_t>, std::size_t> place;
  std::vector<std::vector<std::uint8_t>> rows(N);
  for (std::size_t e = 0; e < N; e++) {
    const std::uint8_t* row = indices.row(static_cast<int>(e));
    rows[e].assign(row, row + indices.dimension);
    place[rows[e]] = e;
  }
  const int k = indices.order;
  for (int axis = 0; axis < indices.dimension; axis++) {
    const std::size_t start = static_cast<std::size_t>(axis) * static_cast<std::size_t>(k);
    const double scale = frame.scale[axis], factor = std::ldexp(scale, -frame.exponent[axis]);
    const auto p = expansions(basis, k, recurrence.a.data() + start, recurrence.b.data() + start,
                              recurrence.c.data() + start, factor, DoubleDouble(scale * frame.centre[axis]));
    // Multi-indices that differ in this exponent only, from the highest down: each needs those below it.
    for (std::size_t e = N; e-- > 0;) {
      std::vector<std::uint8_t> row = rows[e];
      const int degree = row[axis];
      DoubleDouble sum;
      double size = 0;
      for (int i = 0; i <= degree; i++) {
        row[axis] = static_cast<std::uint8_t>(i);
        const std::size_t from = place[row];
        sum = sum + p[degree][i] * result.value[from];
        size += std::fabs(static_cast<double>(p[degree][i])) * result.size[from];
      }
      result.value[e] = sum;
      result.size[e] = size;
    }
  }
  return result;
}

}  // namespace fewpoints
