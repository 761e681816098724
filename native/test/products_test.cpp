// Reproducible sums and the residual, compared with quadruple precision, on data that is hard to sum.
#include "products_test.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <string>

#include "base/list.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "polynomial/reproducible_sums.hpp"

namespace fewpoints {
namespace {

#if defined(__x86_64__)
__extension__ typedef __float128 Quad;
#else
typedef long double Quad;
#endif

Quad magnitude(Quad x) { return x < 0 ? -x : x; }

struct Sample {
  List<List<double>> x;
  List<double> w;
  List<const double*> columns() const {
    List<const double*> p;
    for (const auto& c : x) p.push_back(c.data());
    return p;
  }
};

using Draw = std::function<double(std::mt19937_64&, std::size_t)>;

double gauss(std::mt19937_64& r) { return std::normal_distribution<double>()(r); }

struct Kind {
  const char* name;
  Draw draw, weight;
};

const Kind kKinds[] = {
    {"uniform", [](auto& r, auto) { return std::uniform_real_distribution<double>(-1, 1)(r); }, {}},
    {"heavy tails", [](auto& r, auto) { return std::student_t_distribution<double>(1.5)(r); }, {}},
    {"lattice", [](auto& r, auto) { return static_cast<double>(r() % 5) - 2; }, {}},
    {"offset", [](auto& r, auto) { return 0x1p30 + gauss(r); }, {}},
    {"70 decades", [](auto& r, auto) { return gauss(r); },
     [](auto& r, auto) { return std::pow(10, std::uniform_real_distribution<double>(-35, 35)(r)); }},
    {"one outlier", [](auto& r, std::size_t i) { return i == 77 ? 1e9 : gauss(r); },
     [](auto& r, auto) { return 0.5 + std::fabs(gauss(r)); }},
    {"outliers", [](auto& r, auto) { return r() % 400 == 0 ? 1e7 * gauss(r) : gauss(r); }, {}},
};

Sample make(const Kind& kind, int m, std::size_t n) {
  std::mt19937_64 random(usize(31 * m) + n);
  Sample s;
  s.x.resize(m);
  for (std::size_t i = 0; i < n; i++) {
    for (auto& c : s.x) c.push_back(kind.draw(random, i));
    if (kind.weight) s.w.push_back(kind.weight(random, i));
  }
  return s;
}

struct Reference {
  List<Quad> sums, magnitudes;
};

Reference reference(const Sample& s, const MultiIndices& indices, bool legendre, const List<Quad>& centre,
                    const List<double>& scale) {
  const int m = indices.dimension, k1 = indices.order + 1;
  Reference r{List<Quad>(indices.count), List<Quad>(indices.count)};
  List<Quad> p(static_cast<std::size_t>(m) * usize(k1));
  for (std::size_t i = 0; i < s.x[0].size(); i++) {
    for (int a = 0; a < m; a++) {
      Quad* q = p.data() + static_cast<std::size_t>(a) * usize(k1);
      const Quad t = (s.x[a][i] - centre[a]) * scale[a];
      q[0] = 1;
      if (k1 > 1) q[1] = t;
      for (int j = 2; j < k1; j++)
        q[j] = legendre ? ((2 * j - 1) * t * q[j - 1] - (j - 1) * q[j - 2]) / j : t * q[j - 1];
    }
    for (int e = 0; e < indices.count; e++) {
      Quad f = s.w.empty() ? 1 : s.w[i];
      for (int a = 0; a < m; a++) f *= p[static_cast<std::size_t>(a) * usize(k1) + indices.row(e)[a]];
      r.sums[e] += f;
      r.magnitudes[e] += magnitude(f);
    }
  }
  return r;
}

Sample shuffled(const Sample& s) {
  List<std::size_t> order(s.x[0].size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(5));
  Sample t = s;
  for (std::size_t i = 0; i < order.size(); i++) {
    for (std::size_t a = 0; a < s.x.size(); a++) t.x[a][i] = s.x[a][order[i]];
    if (!s.w.empty()) t.w[i] = s.w[order[i]];
  }
  return t;
}

bool same(const ReproducibleSums& a, const ReproducibleSums& b) {
  return std::memcmp(a.sums.data(), b.sums.data(), a.sums.size() * sizeof(a.sums[0])) == 0;
}

void test_sums(const Expect& expect) {
  Monitor monitor;
  const int shapes[][2] = {{1, 0}, {1, 7}, {2, 5}, {3, 4}, {4, 2}, {6, 3}, {9, 2}};
  for (const Kind& kind : kKinds)
    for (const auto& [m, k] : shapes)
      for (const std::size_t n : {std::size_t{1}, std::size_t{133}, std::size_t{20001}})
        for (const Basis basis : {Basis::Monomial, Basis::Legendre}) {
          if (n == 1 && kind.weight) continue;
          const bool legendre = basis == Basis::Legendre;
          const std::string place = std::string("products, ") + kind.name + " m=" + std::to_string(m) +
                                    " k=" + std::to_string(k) + " n=" + std::to_string(n) + (legendre ? " P" : "");
          const Sample s = make(kind, m, n);
          const MultiIndices indices(m, k);
          const List<double> centre(m, legendre ? 0.0 : 0.37), scale(m, 0.25);
          const ProductBasis products(indices, basis, centre, scale);
          const double* w = s.w.empty() ? nullptr : s.w.data();
          const Bounds bounds = bounds_of(s.columns().data(), w, n, centre, scale, 1, monitor);
          const Reference right = reference(s, indices, legendre, List<Quad>(centre.begin(), centre.end()), scale);
          const ReproducibleSums got =
              products.reproducible_sums(s.columns().data(), w, n, bounds, true, nullptr, 1, monitor, Stage::Verify);
          double worst = 0, worst_magnitude = 0;
          for (int e = 0; e < indices.count; e++) {
            const Quad size = right.magnitudes[e];
            if (!(size > 0)) continue;
            const Quad error = (Quad(got.sums[e].high) - right.sums[e]) + got.sums[e].low;
            worst = std::max(worst, static_cast<double>(magnitude(error) / size));
            worst_magnitude =
                std::max(worst_magnitude, static_cast<double>(magnitude(got.magnitudes[e] - size) / size));
          }
          expect(worst <= 0x1p-62, place + ": sums off by " + std::to_string(worst * 0x1p62) + " 2^-62");
          expect(worst_magnitude <= 1e-12, place + ": magnitudes off by " + std::to_string(worst_magnitude * 1e12));
          // Any number of threads, any order of the points, with and without magnitudes. Whether magnitudes are wanted
          // changes how the sums decide to look closer.
          const auto again = [&](const Sample& t, bool magnitudes, int threads) {
            return products.reproducible_sums(t.columns().data(), t.w.empty() ? nullptr : t.w.data(), n, bounds,
                                              magnitudes, nullptr, threads, monitor, Stage::Verify);
          };
          const Sample other = shuffled(s);
          expect(same(got, again(s, true, 3)), place + ": threads");
          expect(same(again(s, false, 1), again(other, false, 2)), place + ": order of the points");
        }
}

// A residual as small as those of compress(), measured to one thousandth of an epsilon.
void test_residual(const Expect& expect) {
  const double epsilon = 0x1p-52;
  for (const Kind& kind : kKinds)
    for (const int m : {1, 2, 3}) {
      const int k = 4;
      const Sample s = make(kind, m, 5000);
      List<double> rows;
      for (std::size_t i = 0; i < 5000; i++)
        for (const auto& c : s.x) rows.push_back(c[i]);
      const PointsView view{{rows.data(), false, 1}, m, 5000, m};
      const NumbersView weights{s.w.empty() ? nullptr : s.w.data(), false, 1};
      Monitor monitor;
      CompressOptions options;
      options.space = PolynomialSpace::total(m, k);
      options.size = 400;
      options.threads = 2;
      const Compressed c = compress(PointSet(view, weights), options, monitor);
      const Verification got =
          verify(PointSet(view, weights),
                 PointSet({{c.points.data(), false, 1}, m, c.weights.size(), m}, {c.weights.data(), false, 1}),
                 options.space, 1, monitor);
      Sample kept;
      kept.x.resize(m);
      for (std::size_t i = 0; i < c.weights.size(); i++)
        for (int a = 0; a < m; a++) kept.x[a].push_back(c.points[i * usize(m) + usize(a)]);
      kept.w = c.weights;
      List<Quad> centre(m);
      Quad mass = 0;
      for (std::size_t i = 0; i < 5000; i++) mass += s.w.empty() ? 1 : s.w[i];
      for (int a = 0; a < m; a++) {
        for (std::size_t i = 0; i < 5000; i++) centre[a] += (s.w.empty() ? 1 : s.w[i]) * Quad(s.x[a][i]);
        // Rounded to double: a rounded centre is just as good, and does not change what is compared.
        centre[a] = static_cast<double>(centre[a] / mass);
      }
      const MultiIndices indices(m, k);
      const List<double> scale(m, 1.0);
      const Reference before = reference(s, indices, false, centre, scale);
      const Reference after = reference(kept, indices, false, centre, scale);
      double residual = 0;
      for (int e = 0; e < indices.count; e++)
        if (before.magnitudes[e] > 0)
          residual =
              std::max(residual, static_cast<double>(magnitude(after.sums[e] - before.sums[e]) / before.magnitudes[e]));
      const std::string place = std::string("residual, ") + kind.name + " m=" + std::to_string(m);
      const double off = std::fabs(got.residual - residual);
      expect(off <= epsilon / 1000 + 1e-6 * residual,
             place + ": " + std::to_string(got.residual / epsilon) + " eps, is " + std::to_string(residual / epsilon));
      expect(std::fabs(c.residual - got.residual) <= epsilon / 1000, place + ": compress and verify agree");
    }
}

}  // namespace

void test_products(const Expect& expect) {
  test_sums(expect);
  test_residual(expect);
}

}  // namespace fewpoints
