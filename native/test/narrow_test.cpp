// Sizes beyond any memory: the lengths are invented, and no array of such a length is read.
#include "base/narrow.hpp"

#include <cstdint>
#include <limits>
#include <new>

#include "base/list.hpp"
#include "expect.hpp"
#include "nnls/active_set.hpp"
#include "nnls/nnls.hpp"
#include "points/point_set.hpp"
#include "recombination/blocked_tableau.hpp"
#include "recombination/recombine.hpp"
#include "simd/dispatch.hpp"
#include "simd/limits.hpp"

using namespace fewpoints;

namespace {

constexpr std::size_t kTwo32 = std::size_t{1} << 32, kTwo61 = std::size_t{1} << 61;

template <class Work>
bool refused(Code code, const Work& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.code == code;
  } catch (const std::bad_alloc&) {
    return code == Code::Memory;
  }
  return false;
}

// The product is not computed where it would overflow.
static_assert(fits_fast_path(3, 4, 35));
static_assert(fits_fast_path(kMaxFastDimension, 3, kMaxFastFeatures));
static_assert(!fits_fast_path(kMaxFastDimension, 4, 1));
static_assert(!fits_fast_path(1 << 24, 255, 256));
static_assert(!fits_fast_path(1, std::numeric_limits<int>::max(), 1));
static_assert(!fits_fast_path(2, 2, kMaxFastFeatures + 1));

}  // namespace

void test_narrow() {
  place = "narrow";
  expect(narrow<int>(std::size_t{2147483647}) == 2147483647, "what fits stays");
  expect(refused(Code::Size, [] { narrow<int>(std::size_t{1} << 31); }), "2^31 is no int");
  expect(refused(Code::Size, [] { narrow<std::uint32_t>(kTwo32); }), "2^32 is no uint32");
  expect(refused(Code::Size, [] { narrow<std::size_t>(-1); }), "-1 is no size");
  expect(product(3, std::size_t{5}, 7L) == 105, "a product");
  expect(product(0, kTwo61, kTwo61) == 0, "a product with 0");
  expect(refused(Code::Memory, [] { product(kTwo61, 8); }), "2^64 is beyond memory");
  expect(refused(Code::Memory, [] { product(-1, 2); }), "a negative factor");
  expect(refused(Code::Size, [] { List<double> list(-1); }), "a list of length -1");
  expect(refused(Code::Size, [] { Array<double> array(-1); }), "an array of length -1");

  place = "lengths that wrap";
  const double number = 1;
  const PointsView rows{{&number, false, 1}, 1, kTwo32, 1};
  expect(refused(Code::Size, [&] { PointSet(rows, {}); }), "rows are numbered in 32 bits");
  expect(refused(Code::Size, [&] { FeatureMatrix(rows, {}, true); }), "rows of features are");
  expect(refused(Code::Memory, [] { RowMajor(kTwo61, 8); }), "rows x stride = 2^64");
  expect(refused(Code::Memory,
                 [&] {
                   LeastSquares(8).set_matrix({{&number, false, 1}, 8, kTwo61, 8}, {&number, false, 1});
                 }),
         "a matrix of 2^64 numbers");
  expect(refused(Code::Memory, [] { BlockedTableau(std::size_t{1} << 31, std::size_t{1} << 33); }), "a tableau");
  constexpr int half = 1 << 30;
  expect(simd().network64->backward_workspace(half, half) > std::size_t{1} << 31, "inputs + outputs beyond int");
}

void test_dispatch() {
  place = "instruction sets";
  const std::string best = simd().name;
  expect(refused(Code::Option, [] { table_for("", {true, true, true}); }), "an empty name");
  expect(refused(Code::Option, [] { table_for("avx2", {true, true, true}); }), "an unknown name");
  try {
    table_for("avx2", {true, true, true});
  } catch (const Error& e) {
    const std::string message = e.what();
    expect(message.find("'avx2'") != std::string::npos && message.find(best) != std::string::npos,
           "names what came and what there is");
  }
  if (best == "plain") return;
  expect(table_for(nullptr, {true, false, false}).name == std::string("v2"), "the best that runs");
  expect(table_for(nullptr, {true, true, false}).name == std::string("v3"), "the best that runs");
  expect(table_for("v2", {true, true, true}).name == std::string("v2"), "the one that is asked for");
  expect(refused(Code::Option, [] { table_for("v4", {true, true, false}); }), "a level that the processor lacks");
  expect(refused(Code::Option, [] { table_for(nullptr, {false, false, false}); }), "none runs");
}
