// What BLAS and LAPACK are called for: right at every instruction set, within the given memory, from several threads,
// and really called. The linker leads the calls through this file (--wrap, see CMakeLists.txt).
#include "blas/blas.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <string>
#include <thread>

#include "base/list.hpp"
#include "expect.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "simd/dispatch.hpp"

using namespace fewpoints;

namespace {
std::atomic<int> squares{0}, triangles{0};
}

#ifdef FEWPOINTS_WRAPS_BLAS
extern "C" {
void __real_dsyrk_(const char*, const char*, const int*, const int*, const double*, const double*, const int*,
                   const double*, double*, const int*);
void __wrap_dsyrk_(const char* a, const char* b, const int* c, const int* d, const double* e, const double* f,
                   const int* g, const double* h, double* i, const int* j) {
  squares++;
  __real_dsyrk_(a, b, c, d, e, f, g, h, i, j);
}
void __real_dtpqrt_(const int*, const int*, const int*, const int*, double*, const int*, double*, const int*, double*,
                    const int*, double*, int*);
void __wrap_dtpqrt_(const int* a, const int* b, const int* c, const int* d, double* e, const int* f, double* g,
                    const int* h, double* i, const int* j, double* k, int* l) {
  triangles++;
  __real_dtpqrt_(a, b, c, d, e, f, g, h, i, j, k, l);
}
}
constexpr bool kCounted = true;
#else
constexpr bool kCounted = false;
#endif

namespace {

struct Size {
  std::size_t rows, columns;
};
// One row and one column, tiles that are not full, several blocks of each kind of processor, and the largest blocks
// that are used.
constexpr Size kSizes[] = {{1, 1}, {3, 2}, {256, 1}, {256, 84}, {100, 220}, {256, 455}, {512, 25}, {1031, 301}};

List<double> numbers(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> gauss;
  List<double> out(count);
  for (double& v : out) v = gauss(random);
  return out;
}

// sum_i X_ia X_ib, and the sum of the magnitudes.
struct Product {
  long double sum = 0, magnitude = 0;
};
Product product_of(const List<double>& X, std::size_t rows, std::size_t a, std::size_t b) {
  Product product;
  for (std::size_t i = 0; i < rows; i++) {
    const long double term = static_cast<long double>(X[a * rows + i]) * X[b * rows + i];
    product.sum += term;
    product.magnitude += std::fabs(term);
  }
  return product;
}

// All of a small matrix, and a part of a large one.
template <class Body>
void for_entries(std::size_t columns, const Body& body) {
  const std::size_t step = columns / 24 + 1;
  for (std::size_t a = 0; a < columns; a += step)
    for (std::size_t b = 0; b <= a; b += step) body(a, b);
}

List<double> square_of(const List<double>& X, const Size& size) {
  BlasScratch scratch(size.rows, size.columns);
  List<double> H(size.columns * size.columns, 1.0);
  add_square(H.data(), X.data(), size.rows, size.columns, scratch);
  return H;
}

// The triangle of X taken in twice.
List<double> triangle_of(const List<double>& X, const Size& size) {
  BlasScratch scratch(size.rows, size.columns);
  List<double> R(size.columns * size.columns, 0.0);
  for (int time = 0; time < 2; time++) {
    List<double> copy(X);
    add_rows_to_triangle(R.data(), copy.data(), size.rows, size.rows, size.columns, scratch);
  }
  return R;
}

void test_results(const std::string& set) {
  for (const Size& size : kSizes) {
    const std::string what = set + ", " + std::to_string(size.rows) + " x " + std::to_string(size.columns);
    const List<double> X = numbers(size.rows * size.columns, 1), H = square_of(X, size), R = triangle_of(X, size);
    // In units of the bounds for sums of that many terms in any order, and for a factorisation by reflections.
    double square = 0, triangle = 0, lower = 0;
    const double unit = 0x1p-53 * static_cast<double>(size.rows + 2);
    for_entries(size.columns, [&](std::size_t a, std::size_t b) {
      const Product exact = product_of(X, size.rows, a, b);
      const auto bound = static_cast<double>(exact.magnitude + 1) * unit;
      square = std::max(square, static_cast<double>(std::fabs(H[b * size.columns + a] - 1 - exact.sum)) / bound);
      long double from_triangle = 0;
      for (std::size_t i = 0; i <= b; i++)
        from_triangle += static_cast<long double>(R[a * size.columns + i]) * R[b * size.columns + i];
      const Product norm_a = product_of(X, size.rows, a, a), norm_b = product_of(X, size.rows, b, b);
      triangle = std::max(
          triangle, static_cast<double>(std::fabs(from_triangle - 2 * exact.sum) / std::sqrt(norm_a.sum * norm_b.sum)) /
                        (16 * unit));
      if (b < a) lower = std::max(lower, std::fabs(R[b * size.columns + a]));
    });
    expect(square <= 1, what + ": the square's error is " + std::to_string(square) + " of its bound");
    expect(triangle <= 1, what + ": the triangle's error is " + std::to_string(triangle) + " of its bound");
    expect(lower == 0, what + ": nothing below the triangle is written");
    expect(size.columns < 2 || H[size.columns] == 1, what + ": nothing above the square's triangle is written");
  }
}

// OpenBLAS packs parts of the factors into the given memory. Memory of a sanitizer's kind would not be seen by it.
void test_memory(const std::string& set) {
  constexpr double kUntouched = -0x1.23456789abcdep-1000;
  // Large in all directions: the left part is as large as it gets.
  constexpr Size kLarge{2500, 40};
  for (const Size& size : {kLarge, Size{256, 1500}, Size{1500, 1500}}) {
    BlasScratch scratch(size.rows, size.columns);
    const std::size_t length = BlasScratch::kLeftPart + size.rows * size.columns;
    if (scratch.size() == 0 || blas_core().empty()) return;  // the memory of a library, or no BLAS
    std::fill_n(scratch.data(), length, kUntouched);
    const List<double> X = numbers(size.rows * size.columns, 2);
    List<double> H(size.columns * size.columns, 0.0), R(H), copy(X);
    add_square(H.data(), X.data(), size.rows, size.columns, scratch);
    add_rows_to_triangle(R.data(), copy.data(), size.rows, size.rows, size.columns, scratch);
    std::size_t used = length;
    while (used > 0 && scratch.data()[used - 1] == kUntouched) used--;
    expect(used > 0, set + ": the memory is used");
    expect(used <= BlasScratch::kLeftPart / 2 + size.rows * size.columns,
           set + ", " + std::to_string(size.rows) + " x " + std::to_string(size.columns) +
               ": half of the left part is " + "never touched, " + std::to_string(used) + " doubles were");
  }
}

void test_threads_of(const std::string& set) {
  const Size size{256, 120};
  const List<double> X = numbers(size.rows * size.columns, 3), H = square_of(X, size), R = triangle_of(X, size);
  std::atomic<int> same{0};
  List<std::thread> threads;
  constexpr int kThreads = 4, kTimes = 20;
  for (int t = 0; t < kThreads; t++)
    threads.emplace_back([&] {
      for (int k = 0; k < kTimes; k++) same += square_of(X, size) == H && triangle_of(X, size) == R;
    });
  for (std::thread& thread : threads) thread.join();
  expect(same == kThreads * kTimes, set + ": the same bits from several threads at once");
}

}  // namespace

void test_blas() {
  place = "blas";
  const std::string before = simd().name;
  for (const char* set : {"plain", "v2", "v3", "v4"}) {
    if (!use_instruction_set(set)) continue;
    const std::string core = blas_core();
    test_results(core.empty() ? set : core);
    test_memory(core);
    test_threads_of(core);
#ifdef FEWPOINTS_SLIM_OPENBLAS
    const std::string name = set;
    expect(core == (name == "v2"   ? "NEHALEM"
                    : name == "v3" ? "HASWELL"
                    : name == "v4" ? "SKYLAKEX"
                                   : "ARMV8"),
           name + " uses the kernels of " + core);
    expect(blas_config().find(core) != std::string::npos, name + ": the library says so");
#endif
  }
  use_instruction_set(before.c_str());

  Monitor monitor;
  constexpr std::size_t n = 2000;
  const List<double> x = numbers(3 * n, 4), w(n, 1.0);
  const PointsView view{{x.data(), false, 1}, 3, n, 3};
  const PointSet plain(view, {nullptr, false, 1});
  List<double> target = moments(plain, 3, Basis::Legendre, 1, monitor);
  for (double& v : target) v *= 1.5;
  int count = squares;
  match_moments(plain, n, target, 3, Basis::Legendre, 1, monitor);
  expect(!kCounted || squares > count, "matchMoments calls dsyrk");

  constexpr std::size_t rows = 70000, columns = 16;
  const List<double> A = numbers(rows * columns, 5), b = numbers(rows, 6);
  LeastSquares problem(columns);
  problem.set_matrix({{A.data(), false, 1}, columns, rows, static_cast<int>(columns)}, {b.data(), false, 1});
  count = triangles;
  nnls(std::move(problem), 1, monitor);
  expect(!kCounted || triangles > count, "nnls of a tall matrix calls dtpqrt");
}
