#include "matching/moment_target.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/list.hpp"

namespace fewpoints {
namespace {

using Exponents = List<std::uint16_t>;
using Coefficients = List<DoubleDouble>;

struct Moments {
  explicit Moments(int dimension, int order) : indices(dimension, order) {
    value.resize(static_cast<std::size_t>(indices.count));
    size.resize(value.size());
    for (int e = 0; e < indices.count; e++) place[exponents(e)] = e;
  }
  Exponents exponents(int e) const { return indices.row(e); }
  MultiIndices indices;
  std::map<Exponents, int> place;
  List<DoubleDouble> value;
  List<double> size;
};

// The three-term recurrence of one variable.
struct OneRecurrence {
  const double *a, *b, *c;
};

// Row j holds the coefficients of p_j(z) in the given basis of one variable x, with z = factor x - shift.
List<Coefficients> expansions(Basis basis, int order, const OneRecurrence& r, double factor, DoubleDouble shift) {
  const auto count = static_cast<std::size_t>(order) + 1;
  List<Coefficients> p(count, Coefficients(count));
  p[0][0] = 1.0;
  const auto times_z = [&](const Coefficients& q) {
    Coefficients out(count);
    for (std::size_t i = 0; i < count; i++) {
      if (q[i].high == 0) continue;
      out[i] = out[i] - shift * q[i];
      const DoubleDouble scaled = q[i] * DoubleDouble(factor);
      const auto degree = static_cast<double>(i);
      if (basis == Basis::Monomial) {
        if (i + 1 < count) out[i + 1] = out[i + 1] + scaled;
        continue;
      }
      // x P_i = ((i + 1) P_i+1 + i P_i-1) / (2 i + 1)
      const DoubleDouble share = scaled / DoubleDouble(2 * degree + 1);
      if (i + 1 < count) out[i + 1] = out[i + 1] + share * DoubleDouble(degree + 1);
      if (i > 0) out[i - 1] = out[i - 1] + share * DoubleDouble(degree);
    }
    return out;
  };
  for (std::size_t j = 0; j + 1 < count; j++) {
    const Coefficients next = times_z(p[j]);
    for (std::size_t i = 0; i < count; i++) {
      p[j + 1][i] = DoubleDouble(r.a[j]) * next[i] + DoubleDouble(r.b[j]) * p[j][i];
      if (j > 0) p[j + 1][i] = p[j + 1][i] - DoubleDouble(r.c[j]) * p[j - 1][i];
    }
  }
  return p;
}

// Replaces the functions of one variable by others, p.
void change_axis(Moments& moments, int axis, const List<Coefficients>& p) {
  // Goes through multi-indices that differ in this exponent only, from the highest down: each needs those below it.
  for (int e = moments.indices.count; e-- > 0;) {
    Exponents row = moments.exponents(e);
    const int degree = row[axis];
    DoubleDouble sum;
    double size = 0;
    for (int i = 0; i <= degree; i++) {
      row[axis] = static_cast<std::uint16_t>(i);
      const int from = moments.place[row];
      sum = sum + p[degree][i] * moments.value[from];
      size += std::fabs(static_cast<double>(p[degree][i])) * moments.size[from];
    }
    moments.value[e] = sum;
    moments.size[e] = size;
  }
}

// Returns monomials of z = map y from those of y. Each is one coordinate times a monomial of one degree less.
Moments turn(const Moments& y, int dimension, const List<double>& map) {
  const int m = y.indices.dimension, order = y.indices.order;
  Moments z(dimension, order);
  List<int> start(static_cast<std::size_t>(order) + 2, 0);  // per degree: its first monomial of y
  for (int e = 0; e < y.indices.count; e++) start[y.indices.total[e] + 1] = e + 1;
  // product: monomial e of y times coordinate b.
  List<int> product(fewpoints::product(std::max(start[order], 0), m));
  for (int e = 0; e < start[order]; e++)
    for (int b = 0; b < m; b++) {
      Exponents row = y.exponents(e);
      row[b]++;
      product[usize(e) * usize(m) + usize(b)] = y.place.at(row);
    }
  List<Coefficients> before, now;
  List<int> place(static_cast<std::size_t>(z.indices.count));  // the place inside its degree
  for (int degree = 0, e = 0; degree <= order; degree++) {
    now.clear();
    const auto width = static_cast<std::size_t>(start[degree + 1] - start[degree]);
    for (; e < z.indices.count && z.indices.total[e] == degree; e++) {
      Coefficients q(width);
      if (degree == 0) {
        q[0] = 1.0;
      } else {
        Exponents row = z.exponents(e);
        int axis = 0;
        while (row[axis] == 0) axis++;
        row[axis]--;
        const Coefficients& from = before[place[z.place[row]]];
        for (std::size_t i = 0; i < from.size(); i++) {
          if (from[i].high == 0) continue;
          const std::size_t base = usize(start[degree - 1]) + i;
          for (int b = 0; b < m; b++) {
            const double factor = map[usize(axis) * usize(m) + usize(b)];
            if (factor == 0) continue;
            DoubleDouble& to = q[product[usize(base) * usize(m) + usize(b)] - start[degree]];
            to = to + from[i] * DoubleDouble(factor);
          }
        }
      }
      DoubleDouble sum;
      double size = 0;
      for (std::size_t i = 0; i < width; i++) {
        if (q[i].high == 0) continue;
        sum = sum + q[i] * y.value[usize(start[degree]) + i];
        size += std::fabs(q[i].high) * y.size[usize(start[degree]) + i];
      }
      z.value[e] = sum;
      z.size[e] = size;
      place[e] = static_cast<int>(now.size());
      now.push_back(std::move(q));
    }
    before.swap(now);
  }
  return z;
}

}  // namespace

MomentTarget localise(const List<double>& target, int order, Basis basis, const List<int>& exponent,
                      const OrthonormalBasis& orthonormal) {
  const BasisShape& shape = orthonormal.basis().shape();
  const int m = shape.columns;
  Moments y(m, order);
  for (int e = 0; e < y.indices.count; e++) {
    y.value[e] = target[e];
    y.size[e] = std::fabs(target[e]);
  }
  const Recurrence& own = orthonormal.recurrence();
  if (m == 1 && shape.dimension == 1) {
    // This is one step. On the way over powers of z, size would grow with their coefficients, which reach 2^(1.3
    // order).
    const double factor = std::ldexp(shape.map[0], -exponent[0]);
    change_axis(y, 0,
                expansions(basis, order, {own.a.data(), own.b.data(), own.c.data()}, factor,
                           DoubleDouble(shape.map[0]) * DoubleDouble(shape.centre[0])));
    y.value.resize(shape.count);
    y.size.resize(shape.count);
    return {y.value, y.size};
  }
  const Recurrence plain = Recurrence::monomial(1, order);
  // y_b = scale_b (x_b - centre_b), where scale_b is the largest factor that the orthonormal basis has for this column.
  // Its map then has entries near 1.
  List<double> map(product(shape.dimension, m), 0.0);
  if (shape.from == nullptr)
    std::copy_n(shape.map, map.size(), map.begin());
  else
    for (int a = 0; a < shape.dimension; a++) map[a * m + shape.from[a]] = shape.map[a];
  for (int b = 0; b < m; b++) {
    double most = 0;
    for (int a = 0; a < shape.dimension; a++) most = std::max(most, std::fabs(map[usize(a) * usize(m) + usize(b)]));
    const int scale = most > 0 ? std::ilogb(most) : 0;
    for (int a = 0; a < shape.dimension; a++)
      map[usize(a) * usize(m) + usize(b)] = std::ldexp(map[usize(a) * usize(m) + usize(b)], -scale);
    change_axis(y, b,
                expansions(basis, order, {plain.a.data(), plain.b.data(), plain.c.data()},
                           std::ldexp(1.0, scale - exponent[b]), std::ldexp(shape.centre[b], scale)));
  }
  Moments z = turn(y, shape.dimension, map);
  for (int axis = 0; axis < shape.dimension; axis++) {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(axis) * order;
    change_axis(z, axis,
                expansions(Basis::Monomial, order, {own.a.data() + row, own.b.data() + row, own.c.data() + row}, 1, 0));
  }
  // The orthonormal basis leaves out polynomials that vanish on the points.
  MomentTarget result;
  List<Exponents> rows(static_cast<std::size_t>(shape.count), Exponents(shape.dimension, 0));
  for (int e = 0; e < shape.count; e++) {
    if (e > 0) {
      rows[e] = rows[shape.parent[e]];
      rows[e][shape.axis[e]] = static_cast<std::uint16_t>(shape.degree[e]);
    }
    const int from = z.place[rows[e]];
    result.value.push_back(z.value[from]);
    result.size.push_back(z.size[from]);
  }
  return result;
}

}  // namespace fewpoints
