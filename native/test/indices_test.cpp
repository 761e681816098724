// The list of products, compared with all exponents one by one.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/list.hpp"
#include "compression/working_memory.hpp"
#include "expect.hpp"
#include "polynomial/space.hpp"

#define FEWPOINTS_ISA test
#include "simd/cell/cell_instances.hpp"

using namespace fewpoints;

namespace {

using Exponents = List<std::uint16_t>;

int degree_of(const Exponents& e) { return std::accumulate(e.begin(), e.end(), 0); }

// Every row of exponents that the blocks allow. next: with one degree more, when there is a single block.
List<Exponents> all_rows(const PolynomialSpace& space, int next) {
  List<Exponents> rows{Exponents(space.dimension(), 0)};
  for (int a = 0; a < space.dimension(); a++) {
    List<Exponents> longer;
    for (const Exponents& row : rows)
      for (int e = 0; e <= space.order[space.block[a]] + next; e++) {
        longer.push_back(row);
        longer.back()[a] = static_cast<std::uint16_t>(e);
      }
    rows = std::move(longer);
  }
  std::erase_if(rows, [&](const Exponents& row) {
    for (int b = 0; b < static_cast<int>(space.order.size()); b++) {
      int sum = 0;
      for (int a = 0; a < space.dimension(); a++) sum += space.block[a] == b ? row[a] : 0;
      if (sum > space.order[b] + next) return true;
    }
    return false;
  });
  std::sort(rows.begin(), rows.end(), [](const Exponents& x, const Exponents& y) {
    return degree_of(x) != degree_of(y) ? degree_of(x) < degree_of(y) : x > y;
  });
  return rows;
}

double importance(const Exponents& row) {
  double log = 0;
  for (const double e : row)
    log -= 0.5 * std::log(2 * e + 1) + std::lgamma(2 * e + 1) - e * std::log(2.0) - std::lgamma(e + 1);
  return log;
}

void check(const PolynomialSpace& space) {
  const MultiIndices indices(space);
  List<Exponents> expected = all_rows(space, 0);
  if (space.extra > 0) {
    List<Exponents> next = all_rows(space, 1);
    std::erase_if(next, [&](const Exponents& row) { return degree_of(row) != space.order[0] + 1; });
    std::stable_sort(next.begin(), next.end(),
                     [](const Exponents& x, const Exponents& y) { return importance(x) > importance(y) + 1e-9; });
    next.resize(std::min(next.size(), usize(space.extra)));
    expected.insert(expected.end(), next.begin(), next.end());
  }
  expect(usize(indices.count) == expected.size(), "as many products");
  bool rows = true, parents = true, totals = true;
  for (int e = 0; e < indices.count; e++) {
    Exponents row = indices.row(e);
    rows = rows && row == expected[e];
    totals = totals && indices.total[e] == degree_of(row);
    if (e == 0) continue;
    parents = parents && row[indices.axis[e]] == indices.degree[e] && indices.degree[e] > 0;
    row[indices.axis[e]] = 0;
    parents = parents && indices.parent[e] < e && row == Exponents(indices.row(indices.parent[e]));
    for (int a = indices.axis[e]; a < space.dimension(); a++) parents = parents && row[a] == 0;
  }
  expect(rows, "the right products in the right order");
  expect(parents, "the parent lacks the last axis");
  expect(totals, "total degrees");
}

// The compile-time list of cells of this shape must be the same.
template <int M, int K>
void check_table() {
  static constexpr isa_test::IndexTable<M, K> table{};
  const MultiIndices indices(M, K);
  bool same = indices.count == table.N;
  List<int> times(indices.count, 0);  // how often the loops over lower products and last powers reach a product
  for (int e = 0; e < indices.count; e++) {
    const Exponents row = indices.row(e);
    for (int a = 0; a < M; a++) same = same && table.exponent[e][a] == row[a];
    if (e > 0)
      same = same && table.parent[e] == indices.parent[e] && table.axis[e] == indices.axis[e] &&
             table.degree[e] == indices.degree[e];
  }
  for (int l = 0; l < table.L; l++)
    for (int q = 0; q < table.powers[l]; q++) {
      const int e = table.place[l][q], lower = table.place[l][0];
      same = same && indices.row(e)[M - 1] == q && (q == 0 || indices.parent[e] == lower);
      times[e]++;
    }
  expect(same && std::count(times.begin(), times.end(), 1) == indices.count, "the list at compile time");
}

template <class Work>
void refused(const Work& work, Code code, const std::string& what) {
  try {
    work();
  } catch (const Error& error) {
    return expect(error.code == code, what + ": code");
  }
  expect(false, what);
}

}  // namespace

void test_indices() {
  for (int m = 1; m <= 4; m++)
    for (int k = 0; k <= 5; k++)
      for (const int extra : {0, 1, 3, 10, 1000}) {
        place = "indices, " + std::to_string(m) + " columns, order " + std::to_string(k) + ", " + std::to_string(extra);
        PolynomialSpace space = PolynomialSpace::total(m, k);
        space.extra = extra;
        check(space);
      }
  place = "indices at compile time";
#define FEWPOINTS_CHECK_TABLE(m, k) check_table<m, k>();
  FEWPOINTS_INSTANCES(FEWPOINTS_CHECK_TABLE)
  place = "indices of blocks";
  check({{0, 1}, {3, 2}});
  check({{0, 1, 0, 1, 2}, {2, 3, 1}});
  check({{1, 0, 1, 0}, {0, 3}});
  check({{2, 0, 0, 1, 2}, {4, 1, 0}});
  check({{0, 0, 0}, {2, 5}});  // a block without columns
  place = "the bound on orders";
  check({{0}, {kMaxOrder}});
  for (const int k : {-1, kMaxOrder + 1, 1000, 65535, 65536})
    refused([&] { MultiIndices(1, k); }, Code::Option, "order " + std::to_string(k));
  refused([&] { MultiIndices(30, 30); }, Code::Size, "too many products");
  place = "wide lists";
  const MultiIndices wide(100000, 1);
  expect(wide.count == 100001 && wide.axis[100000] == 99999 && wide.parent[100000] == 0, "one product per column");
  place = "working memory";
  CompressOptions options;
  options.space = PolynomialSpace::total(4, 20);
  options.size = 10626;
  const double tableau = working_bytes_of_compress(30000, options);
  expect(tableau > 2.5e9 && tableau < 3e9, "order 20 in 4 columns");
  expect(working_bytes_of_compress(5000, options) < 1e7, "all points stay");
  CompressOptions gauss;
  gauss.space = PolynomialSpace::total(1, 9);
  gauss.size = 10;
  const double rows = working_bytes_of_compress(1000000, gauss);
  gauss.support = CompressOptions::Support::Free;
  gauss.most_free = 5;
  expect(working_bytes_of_compress(1000000, gauss) >= rows + 3.2e7, "a Gauss rule of a cell of all points");
  gauss.most_free = 50;
  gauss.size = 100;
  expect(working_bytes_of_compress(1000000, gauss) < 2e7, "Gauss rules of ten cells, one at a time");
}
