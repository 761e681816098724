#include "dense.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <stdexcept>

#include "base/array.hpp"
#include "base/list.hpp"
#include "blas/blas.hpp"
#include "simd/kernels.hpp"

namespace fewpoints::bench {
namespace {

// The whole library is loaded beside the kernels of OpenBLAS that the kernel has, and its names stay its own.
void* whole() {
  static void* const library = [] {
    void* found = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (found != nullptr) {
      auto* one = reinterpret_cast<void (*)(int)>(dlsym(found, "openblas_set_num_threads"));
      if (one != nullptr) one(1);
    }
    return found;
  }();
  return library;
}

template <class Function>
Function* of_whole(const char* name) {
  return reinterpret_cast<Function*>(dlsym(whole(), name));
}

using Int = const int*;
using Text = const char*;
using Real = const double*;

}  // namespace

// What Eigen calls with EIGEN_USE_BLAS.
#define FEWPOINTS_WHOLE(name, parameters, arguments)               \
  extern "C" int whole_##name parameters;                          \
  extern "C" int whole_##name parameters {                         \
    static auto* const function = of_whole<int parameters>(#name); \
    return function arguments;                                     \
  }
FEWPOINTS_WHOLE(daxpy_, (Int a, Real b, Real c, Int d, double* e, Int f), (a, b, c, d, e, f))
FEWPOINTS_WHOLE(dgemm_,
                (Text a, Text b, Int c, Int d, Int e, Real f, Real g, Int h, Real i, Int j, Real k, double* l, Int m),
                (a, b, c, d, e, f, g, h, i, j, k, l, m))
FEWPOINTS_WHOLE(dgemv_, (Text a, Int b, Int c, Real d, Real e, Int f, Real g, Int h, Real i, double* j, Int k),
                (a, b, c, d, e, f, g, h, i, j, k))
FEWPOINTS_WHOLE(dsymm_, (Text a, Text b, Int c, Int d, Real e, Real f, Int g, Real h, Int i, Real j, double* k, Int l),
                (a, b, c, d, e, f, g, h, i, j, k, l))
FEWPOINTS_WHOLE(dsymv_, (Text a, Int b, Real c, Real d, Int e, Real f, Int g, Real h, double* i, Int j),
                (a, b, c, d, e, f, g, h, i, j))
FEWPOINTS_WHOLE(dsyrk_, (Text a, Text b, Int c, Int d, Real e, Real f, Int g, Real h, double* i, Int j),
                (a, b, c, d, e, f, g, h, i, j))
FEWPOINTS_WHOLE(dtrmm_, (Text a, Text b, Text c, Text d, Int e, Int f, Real g, Real h, Int i, double* j, Int k),
                (a, b, c, d, e, f, g, h, i, j, k))
FEWPOINTS_WHOLE(dtrmv_, (Text a, Text b, Text c, Int d, Real e, Int f, double* g, Int h), (a, b, c, d, e, f, g, h))
FEWPOINTS_WHOLE(dtrsm_, (Text a, Text b, Text c, Text d, Int e, Int f, Real g, Real h, Int i, double* j, Int k),
                (a, b, c, d, e, f, g, h, i, j, k))

bool has_whole_openblas() { return whole() != nullptr; }

namespace {

double milliseconds(const std::function<void()>& work) {
  timespec from, to;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  work();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
  return 1e3 * static_cast<double>(to.tv_sec - from.tv_sec) + 1e-6 * static_cast<double>(to.tv_nsec - from.tv_nsec);
}

// Numbers in [-1, 1), the same at each call.
Array<double> numbers(std::size_t count) {
  Array<double> out(count);
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out[i] = static_cast<double>(state >> 11) * 0x1p-52 - 1;
  }
  return out;
}

const EigenWays* eigen(const std::string& way) {
  if (way == "eigen") return &eigen_plain;
  if (way == "eigen-native") return &eigen_native;
  if (way == "eigen-blas") return &eigen_blas;
  return nullptr;
}

// H += X'X in blocks of `rank` of the rows, as matchMoments does.
double square(const std::string& way, std::size_t rows, std::size_t columns, std::size_t rank) {
  const Array<double> X = numbers(rank * columns);
  Array<double> H(columns * columns);
  std::fill_n(H.data(), columns * columns, 0.0);
  BlasScratch scratch(rank, columns);
  const auto blocks = [&](const std::function<void()>& block) {
    return milliseconds([&] {
      for (std::size_t i = 0; i < rows; i += rank) block();
    });
  };
  if (way == "ours") return blocks([&] { add_square(H.data(), X.data(), rank, columns, scratch); });
  if (eigen(way)) return blocks([&] { eigen(way)->square(H.data(), X.data(), rank, columns); });
  return -1;
}

// T -= F P in tasks of some columns, as the tableau does.
double rank_update(const std::string& way, std::size_t rows, std::size_t columns, std::size_t rank) {
  const std::size_t stride = (columns + 7) / 8 * 8 + 8;
  Array<double> T = numbers(rows * stride), packed(64 * kPackedColumns);
  const Array<double> F = numbers(rows * 64), P = numbers(rank * stride);
  const auto tasks = [&](std::size_t width, const auto& task) {
    return milliseconds([&] {
      for (std::size_t from = 0; from < columns; from += width) task(from, std::min(columns, from + width) - from);
    });
  };
  const auto own = [&](std::size_t from, std::size_t width) {
    simd().rank_update(T.data() + from, stride, rows, width, F.data(), 64, static_cast<int>(rank), P.data() + from,
                       stride, packed.data());
  };
  const auto blas = [&](std::size_t from, std::size_t width) {
    const int m = static_cast<int>(width), n = static_cast<int>(rows), k = static_cast<int>(rank), length = 64,
              distance = static_cast<int>(stride);
    const double one = 1, minus_one = -1;
    whole_dgemm_("N", "N", &m, &n, &k, &minus_one, P.data() + from, &distance, F.data(), &length, &one, T.data() + from,
                 &distance);
  };
  if (way == "ours") return tasks(1024, own);
  if (way == "blas") return tasks(1024, blas);
  if (way == "blas-wide") return tasks(4096, blas);
  return -1;
}

using Geqrf = void(Int, Int, double*, Int, double*, double*, Int, int*);
using Geqp3 = void(Int, Int, double*, Int, int*, double*, double*, Int, int*);

// One factorisation of a matrix of the weights' refinement, with the solution by Eigen. LAPACK: only the factorisation.
double refine(const std::string& step, const std::string& way, std::size_t rows, std::size_t columns) {
  Array<double> A = numbers(rows * columns), b = numbers(rows);
  if (const EigenWays* ways = eigen(way)) {
    auto* solve = step == "pivoted" ? ways->pivoted : step == "complete" ? ways->complete : ways->householder;
    return milliseconds([&] { solve(A.data(), b.data(), rows, columns); });
  }
  if (way != "lapack" || step == "complete") return -1;
  const int m = static_cast<int>(rows), n = static_cast<int>(columns), length = 64 * (n + m);
  Array<double> tau(columns), work(length);
  List<int> pivots(columns, 0);
  int failed = 0;
  return milliseconds([&] {
    if (step == "pivoted")
      of_whole<Geqp3>("dgeqp3_")(&m, &n, A.data(), &m, pivots.data(), tau.data(), work.data(), &length, &failed);
    else
      of_whole<Geqrf>("dgeqrf_")(&m, &n, A.data(), &m, tau.data(), work.data(), &length, &failed);
  });
}

// The triangle of a tall matrix: block after block together with the triangle of those before it, as nnls does; by
// LAPACK also the whole at once.
double tall(const std::string& way, std::size_t rows, std::size_t columns) {
  if (way == "lapack-whole") {
    Array<double> A = numbers(rows * columns);
    const int m = static_cast<int>(rows), n = static_cast<int>(columns), length = 64 * n;
    Array<double> tau(columns), work(length);
    int failed = 0;
    return milliseconds(
        [&] { of_whole<Geqrf>("dgeqrf_")(&m, &n, A.data(), &m, tau.data(), work.data(), &length, &failed); });
  }
  const std::size_t block =
      way == "ours" ? std::max<std::size_t>(512, columns) : std::max<std::size_t>(256, 4 * columns);
  const Array<double> A = numbers(block * columns);  // one block, taken again and again
  if (way == "ours") {
    Array<double> R(columns * columns), X(block * columns);
    std::fill_n(R.data(), columns * columns, 0.0);
    BlasScratch scratch(block, columns);
    return milliseconds([&] {
      for (std::size_t i = 0; i < rows; i += block) {
        std::copy_n(A.data(), block * columns, X.data());
        add_rows_to_triangle(R.data(), X.data(), block, std::min(block, rows - i), columns, scratch);
      }
    });
  }
  const EigenWays* ways = eigen(way);
  if (ways == nullptr) return -1;
  const std::size_t stride = columns + block;
  Array<double> work(stride * columns);
  std::size_t held = 0;
  return milliseconds([&] {
    for (std::size_t i = 0; i < rows; i += block) {
      const std::size_t count = std::min(block, rows - i);
      for (std::size_t j = 0; j < columns; j++)
        std::copy_n(A.data() + j * block, count, work.data() + j * stride + held);
      ways->factor(work.data(), stride, held + count, columns);
      held = std::min(held + count, columns);
      for (std::size_t j = 0; j < columns; j++)
        if (j + 1 < held) std::fill_n(work.data() + j * stride + j + 1, held - j - 1, 0.0);
    }
  });
}

// All products of `columns` left factors with `rank` right factors, summed over points: the multiplications of the sums
// of moments, if their factors lay in memory and plain sums would do.
double sums(const std::string& way, std::size_t rows, std::size_t columns, std::size_t rank) {
  constexpr int kBlock = 256;
  if (way != "blas") return -1;
  const Array<double> left = numbers(kBlock * columns), right = numbers(kBlock * rank);
  Array<double> out(columns * rank);
  std::fill_n(out.data(), columns * rank, 0.0);
  const int m = static_cast<int>(columns), n = static_cast<int>(rank);
  const double one = 1;
  return milliseconds([&] {
    for (std::size_t i = 0; i < rows; i += kBlock)
      whole_dgemm_("T", "N", &m, &n, &kBlock, &one, left.data(), &kBlock, right.data(), &kBlock, &one, out.data(), &m);
  });
}

}  // namespace

double dense_step(const std::string& step, const std::string& way, std::size_t rows, std::size_t columns,
                  std::size_t rank) {
  const bool whole = way != "ours" && way != "eigen" && way != "eigen-native";
  if (whole && !has_whole_openblas()) return -1;
  if (step == "square") return square(way, rows, columns, rank);
  if (step == "rank-update") return rank_update(way, rows, columns, rank);
  if (step == "householder" || step == "pivoted" || step == "complete") return refine(step, way, rows, columns);
  if (step == "tall") return tall(way, rows, columns);
  if (step == "sums") return sums(way, rows, columns, rank);
  throw std::invalid_argument(step);
}

}  // namespace fewpoints::bench
