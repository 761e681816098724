// Makes every allocation of every public function fail once: the n-th for n = 1, 2, 3, ... until a call needs fewer.
// Each time, the call must throw std::bad_alloc or an Error of code Memory, or give the right result where the kernel
// can do without the memory. Nothing may stay allocated, nothing may hang, and the next call must give the same bits as
// before. This is a program of its own: the linker directs the kernel's malloc, aligned_alloc and so on to those below
// (--wrap), and operator new is replaced. Allocations of OpenMP and BLAS do not fail, because they cannot handle that.
//   allocation-test            a minute
//   allocation-test long       also large sets; also with all allocations from the n-th on failing
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "build_info.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "parallel/region.hpp"
#include "polynomial/moments.hpp"
#include "recombination/recombine.hpp"
#include "training/predict.hpp"
#include "training/trainer.hpp"

// ---- the allocator

namespace {

std::atomic<long> live{0};        // blocks that are not freed yet
std::atomic<long> until{-1};      // allocations until one fails; negative: none does
std::atomic<bool> all_from_then;  // whether the ones after it fail as well
std::atomic<long> failures{0};

bool fails() {
  if (until.load(std::memory_order_relaxed) < 0) {
    if (!all_from_then.load(std::memory_order_relaxed) || failures.load() == 0) return false;
    failures++;
    return true;
  }
  if (until.fetch_sub(1) != 0) return false;
  failures++;
  return true;
}

void* counted(void* block) {
  if (block != nullptr) live++;
  return block;
}

}  // namespace

extern "C" {
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real_aligned_alloc(std::size_t, std::size_t);
int __real_posix_memalign(void**, std::size_t, std::size_t);
void __real_free(void*);

void* __wrap_malloc(std::size_t bytes) { return fails() ? nullptr : counted(__real_malloc(bytes)); }
void* __wrap_calloc(std::size_t n, std::size_t size) { return fails() ? nullptr : counted(__real_calloc(n, size)); }
void* __wrap_realloc(void* old, std::size_t bytes) {
  if (fails()) return nullptr;
  void* block = __real_realloc(old, bytes);
  return old == nullptr ? counted(block) : block;
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return fails() ? nullptr : counted(__real_aligned_alloc(alignment, bytes));
}
int __wrap_posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  if (fails()) return ENOMEM;
  const int error = __real_posix_memalign(block, alignment, bytes);
  if (error == 0) live++;
  return error;
}
void __wrap_free(void* block) {
  if (block != nullptr) live--;
  __real_free(block);
}
}

void* operator new(std::size_t bytes) {
  void* block = __wrap_malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto a = static_cast<std::size_t>(alignment);
  void* block = __wrap_aligned_alloc(a, (bytes + a - 1) / a * a);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return operator new(bytes, alignment); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return __wrap_malloc(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return __wrap_malloc(bytes); }
void operator delete(void* block) noexcept { __wrap_free(block); }
void operator delete(void* block, std::size_t) noexcept { __wrap_free(block); }
void operator delete(void* block, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { __wrap_free(block); }
void operator delete[](void* block) noexcept { __wrap_free(block); }
void operator delete[](void* block, std::size_t) noexcept { __wrap_free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { __wrap_free(block); }

namespace {

using namespace fewpoints;

// ---- the calls

// A hash of the result of a call, computed without an allocation.
class Hash {
 public:
  template <class T>
  Hash& add(const T* values, std::size_t count) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(values);
    for (std::size_t i = 0; i < count * sizeof(T); i++) value_ = (value_ ^ bytes[i]) * 0x100000001b3;
    return *this;
  }
  template <class Numbers>
  Hash& add(const Numbers& list) {
    return add(list.data(), list.size());
  }
  Hash& add(double number) { return add(&number, 1); }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

struct Set {
  std::vector<double> x, w;
  int dimension;
  std::size_t count() const { return x.size() / static_cast<std::size_t>(dimension); }
  PointsView points() const { return {{x.data(), false, 1}, dimension, count(), dimension}; }
  NumbersView weights() const { return {w.empty() ? nullptr : w.data(), false, 1}; }
};

enum class Shape { Gauss, Heavy, Line, Lattice, Decades };

Set make(Shape shape, int dimension, std::size_t count) {
  std::mt19937_64 random(count);
  std::normal_distribution<double> gauss;
  std::student_t_distribution<double> heavy(1.5);
  Set set{{}, {}, dimension};
  for (std::size_t i = 0; i < count; i++)
    for (int a = 0; a < dimension; a++)
      set.x.push_back(shape == Shape::Heavy     ? heavy(random)
                      : shape == Shape::Line    ? (a + 1) * std::sqrt(2.0 + static_cast<double>(i))
                      : shape == Shape::Lattice ? static_cast<double>(random() % 5)
                                                : gauss(random));
  if (shape == Shape::Decades)
    for (std::size_t i = 0; i < count; i++) set.w.push_back(i % 7 == 0 ? 0 : std::pow(10, 9 * gauss(random)));
  return set;
}

struct Case {
  std::string name;
  std::function<std::uint64_t(int threads)> call;
};

std::uint64_t run(const Set& set, const CompressOptions& options) {
  Monitor monitor;
  const Compressed c = compress(PointSet(set.points(), set.weights()), options, monitor);
  return Hash().add(c.indices).add(c.weights).add(c.points).add(c.residual).value();
}

void add_compress(std::vector<Case>& cases, const char* name, const Set& set, const PolynomialSpace& space,
                  std::size_t size, bool best, bool automatic = false, CompressOptions options = {}) {
  options.space = space;
  options.size = size;
  options.best = best;
  options.automatic = automatic;
  cases.push_back({std::string("compress, ") + name, [set, options](int threads) mutable {
                     options.threads = threads;
                     return run(set, options);
                   }});
}

void add_compress(std::vector<Case>& cases) {
  const auto total = [](int m, int k) { return PolynomialSpace::total(m, k); };
  add_compress(cases, "fast", make(Shape::Gauss, 2, 900), total(2, 3), 60, false);
  add_compress(cases, "best", make(Shape::Gauss, 2, 900), total(2, 2), 80, true);
  add_compress(cases, "auto", make(Shape::Gauss, 2, 900), total(2, 0), 80, true, true);
  add_compress(cases, "one cell", make(Shape::Gauss, 3, 400), total(3, 4), 35, false);
  add_compress(cases, "no instance", make(Shape::Gauss, 7, 300), total(7, 2), 36, false);
  add_compress(cases, "heavy tails", make(Shape::Heavy, 2, 900), total(2, 5), 100, false);
  add_compress(cases, "a line", make(Shape::Line, 3, 900), total(3, 3), 60, false);
  add_compress(cases, "a lattice", make(Shape::Lattice, 2, 900), total(2, 4), 60, true);
  add_compress(cases, "weights of many decades", make(Shape::Decades, 2, 900), total(2, 4), 45, false);
  CompressOptions free;
  free.support = CompressOptions::Support::Free;
  add_compress(cases, "free points", make(Shape::Gauss, 2, 900), total(2, 4), 60, true, false, free);
  add_compress(cases, "free points, a line", make(Shape::Line, 3, 900), total(3, 3), 60, true, false, free);
  free.equal_weights = true;
  add_compress(cases, "equal weights", make(Shape::Gauss, 2, 900), total(2, 4), 60, true, false, free);
  PolynomialSpace blocks;
  for (const int b : {0, 0, 1}) blocks.block.push_back(b);
  for (const int k : {2, 1}) blocks.order.push_back(k);
  add_compress(cases, "blocks", make(Shape::Gauss, 3, 900), blocks, 60, true);
}

void add_large(std::vector<Case>& cases) {
  const auto total = [](int m, int k) { return PolynomialSpace::total(m, k); };
  add_compress(cases, "all threads divide", make(Shape::Gauss, 2, 140000), total(2, 3), 500, false);
  add_compress(cases, "a large cell", make(Shape::Gauss, 3, 140000), total(3, 9), 220, false);
  add_compress(cases, "large, heavy tails", make(Shape::Heavy, 2, 50000), total(2, 6), 300, true);
  add_compress(cases, "large, decades", make(Shape::Decades, 3, 50000), total(3, 3), 300, true);
}

void add_recombine(std::vector<Case>& cases) {
  for (const int width : {1, 6, 40, 130})
    for (const bool dependent : {false, true}) {
      Set set = make(width == 6 ? Shape::Decades : Shape::Gauss, width, 600);
      if (dependent && width < 2) continue;
      if (dependent)
        for (std::size_t i = 0; i < set.count(); i++) {
          double* row = &set.x[i * static_cast<std::size_t>(width)];
          row[width - 1] = row[0] * (1 + 1e-13 * static_cast<double>(i % 3));
        }
      cases.push_back({"recombine, " + std::to_string(width) + (dependent ? " nearly dependent columns" : " columns"),
                       [set](int threads) {
                         Monitor monitor;
                         const Recombined r = recombine(FeatureMatrix(set.points(), set.weights()), threads, monitor);
                         return Hash().add(r.indices).add(r.weights).add(r.residual).value();
                       }});
    }
}

void add_sums(std::vector<Case>& cases) {
  for (const Basis basis : {Basis::Monomial, Basis::Legendre})
    for (const bool extreme : {false, true}) {
      Set set = make(Shape::Decades, 3, 700);
      if (extreme)
        for (double& x : set.x) x = std::ldexp(x, 310);
      cases.push_back(
          {std::string("moments") + (basis == Basis::Legendre ? ", Legendre" : "") + (extreme ? ", out of range" : ""),
           [set, basis](int threads) {
             Monitor monitor;
             const PointSet points(set.points(), set.weights());
             return Hash().add(moments(points, 4, basis, threads, monitor)).value();
           }});
    }
  const Set original = make(Shape::Decades, 3, 700), other = make(Shape::Gauss, 3, 90);
  cases.push_back({"verify", [original, other](int threads) {
                     Monitor monitor;
                     const Verification v = verify(PointSet(original.points(), original.weights()),
                                                   PointSet(other.points(), other.weights(), "compressed"),
                                                   PolynomialSpace::total(3, 4), threads, monitor);
                     return Hash().add(v.per_order).value();
                   }});
}

void add_nnls(std::vector<Case>& cases) {
  struct Size {
    const char* name;
    std::size_t rows, columns, equal;
    double equal_to;
  };
  for (const Size& s : {Size{"", 20, 60, 0, 0}, Size{", tall", 70000, 16, 0, 0}, Size{", many columns", 40, 6000, 0, 0},
                        Size{", equality", 20, 30, 3, 0.5}, Size{", equality alone", 0, 30, 3, 0.5},
                        Size{", infeasible", 20, 30, 3, -1}}) {
    const Set matrix = make(Shape::Gauss, static_cast<int>(s.columns), s.rows);
    const Set rhs = make(Shape::Gauss, 1, std::max<std::size_t>(s.rows, 1));
    Set equality = make(Shape::Gauss, static_cast<int>(s.columns), std::max<std::size_t>(s.equal, 1));
    for (double& e : equality.x) e = std::fabs(e);
    const std::vector<double> wanted(std::max<std::size_t>(s.equal, 1), s.equal_to);
    cases.push_back({std::string("nnls") + s.name, [=](int threads) {
                       Monitor monitor;
                       LeastSquares problem(s.columns);
                       if (s.rows > 0) problem.set_matrix(matrix.points(), {rhs.x.data(), false, 1});
                       if (s.equal > 0) problem.set_equality(equality.points(), {wanted.data(), false, 1});
                       const LeastSquaresResult r = nnls(std::move(problem), threads, monitor);
                       return Hash().add(r.x).add(r.residual_norm).value();
                     }});
  }
}

void add_match(std::vector<Case>& cases) {
  for (const double factor : {0.5, 3.0, -1.0}) {
    const Set set = make(Shape::Gauss, 2, 300);
    decltype(Parameters::bias) target;
    for (int e = 0; e < moment_count(2, 3); e++) target.push_back(0);
    for (std::size_t i = 0; i < set.count(); i++) {
      const double x = set.x[2 * i], y = set.x[2 * i + 1];
      const double w = i % 10 == 0 ? factor : factor < 0 ? -1 : std::fabs(std::sin(static_cast<double>(i)));
      const double phi[] = {1, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y};
      for (std::size_t e = 0; e < 10; e++) target[e] += w * phi[e];
    }
    cases.push_back({factor < 0 ? "matchMoments, infeasible" : "matchMoments", [=](int threads) {
                       Monitor monitor;
                       const PointSet points(set.points(), set.weights());
                       const Matched m =
                           match_moments(points, set.count(), target, 3, Basis::Monomial, threads, monitor);
                       return Hash().add(m.weights).add(m.residual).value();
                     }});
  }
}

void add_train(std::vector<Case>& cases) {
  const Set x = make(Shape::Gauss, 2, 900), y = make(Shape::Gauss, 1, 900), w = make(Shape::Decades, 1, 900);
  const Set numbers = make(Shape::Gauss, 1, 4 * 300 + 1);
  Network network;
  network.inputs = 2;
  network.width = 300;
  network.outputs = 1;
  network.activation = Activation::Tanh;
  for (int i = 0; i < 600; i++) network.parameters.hidden.push_back(numbers.x[static_cast<std::size_t>(i)]);
  for (int i = 0; i < 300; i++) network.parameters.bias.push_back(numbers.x[static_cast<std::size_t>(600 + i)]);
  for (int i = 0; i < 300; i++) network.parameters.output.push_back(numbers.x[static_cast<std::size_t>(900 + i)]);
  network.parameters.output_bias.push_back(0);
  const auto add = [](Hash& hash, const Parameters& p) {
    hash.add(p.hidden).add(p.bias).add(p.output).add(p.output_bias);
  };
  for (const bool weighted : {false, true})
    for (const std::size_t batch : {std::size_t{0}, std::size_t{300}}) {
      TrainOptions options;
      options.batch = batch;
      options.sampling = weighted ? Sampling::Replacement : Sampling::Shuffle;
      options.single = weighted;
      options.epochs = 2;
      cases.push_back({std::string("train") + (batch > 0 ? ", batches" : "") + (weighted ? ", weights" : ""),
                       [=](int threads) mutable {
                         Monitor monitor;
                         options.threads = threads;
                         const NumbersView weights{weighted ? w.w.data() : nullptr, false, 1};
                         const Rows rows(x.points(), y.points(), weights, "x", "y");
                         std::optional<Rows> test;
                         if (!weighted) test.emplace(x.points(), y.points(), NumbersView{}, "test.x", "test.y");
                         const auto trainer = Trainer::make(network, rows, test, {}, options);
                         trainer->run(options.epochs, monitor);
                         const Losses losses = trainer->evaluate(monitor);
                         const OptimizerState state = trainer->state();
                         Hash hash;
                         add(hash, trainer->parameters());
                         add(hash, state.first);
                         add(hash, state.second);
                         return hash.add(losses.train).add(losses.test.value_or(0)).value();
                       }});
    }
  cases.push_back({"predict", [=](int threads) {
                     Monitor monitor;
                     decltype(Rows::x) columns;
                     copy_finite(x.points(), "x", columns);
                     return Hash().add(predict(network, columns, x.count(), false, threads, monitor)).value();
                   }});
}

// Each call asks for another number of threads, so that new threads are tried. When one cannot be started, all of them
// must be gone.
void add_threads(std::vector<Case>& cases) {
  cases.push_back({"usable_threads", [](int) {
                     static int wanted = 2;
                     const int got = usable_threads(wanted += 3);
                     return Hash().add(got >= 1 && got <= wanted ? 1.0 : 0.0).value();
                   }});
}

// ---- the loop

std::string place;
int failed = 0;
long calls = 0;

void complain(const char* what) {
  failed++;
  std::printf("FAILED %s: %s\n", place.c_str(), what);
}

// How a call ended: the bits of its result, the code of an Error, or that memory was refused.
struct Ending {
  bool memory = false;
  int code = -1;
  std::uint64_t bits = 0;
  bool operator==(const Ending&) const = default;
};

Ending ending_of(const Case& one, int threads) {
  calls++;
  Ending ending;
  try {
    ending.bits = one.call(threads);
  } catch (const Error& error) {
    ending.memory = error.code == Code::Memory;
    ending.code = static_cast<int>(error.code);
  } catch (const std::bad_alloc&) {
    ending.memory = true;
  } catch (const std::exception& error) {
    until = -1;
    complain(error.what());
  }
  return ending;
}

void test(const Case& one, int threads, bool all) {
  place = one.name + ", " + std::to_string(threads) + " threads" + (all ? ", all from then on" : "");
  ending_of(one, threads);  // makes OpenMP's team and everything that is made only once
  const long before = live;
  const Ending right = ending_of(one, threads);
  if (right.memory) complain("has no memory without a failure");
  if (live != before) complain("leaks without a failure");
  const std::string name = place;
  for (long n = 0;; n++) {
    place = name + ", allocation " + std::to_string(n + 1);
    alarm(120);  // a hang ends the program
    const long at_start = live;
    failures = 0;
    all_from_then = all;
    until = n;
    const Ending ending = ending_of(one, threads);
    until = -1;
    all_from_then = false;
    const bool reached = failures > 0;
    if (!reached && ending != right) complain("other bits without a failure");
    if (reached && !ending.memory && ending != right) complain("another result, or another error than of memory");
    if (live != at_start) complain(("leaves blocks: " + std::to_string(live - at_start)).c_str());
    if (!reached) {
      std::printf("%-60s %6ld allocations\n", name.c_str(), n);
      std::fflush(stdout);
      break;
    }
    // Checks the next call after each of the first failures, and later after every 16th only, because it takes as long
    // as the failing call.
    if ((n < 40 || n % 16 == 0) && ending_of(one, threads) != right) complain("the next call gives other bits");
    if (failed > 20) break;
  }
  alarm(0);
}

// Prints the name of the case when the program crashes or hangs.
void last_words(int) {
  const char text[] = "DIED in ";
  static_cast<void>(!write(1, text, sizeof text - 1));
  static_cast<void>(!write(1, place.data(), place.size()));
  static_cast<void>(!write(1, "\n", 1));
  _exit(1);
}

}  // namespace

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::signal(SIGABRT, last_words);
  std::signal(SIGSEGV, last_words);
  std::signal(SIGALRM, last_words);
  const bool long_form = count > 1 && std::string(arguments[1]) == "long";
  const std::string only = count > 2 ? arguments[2] : "";
  initialise();
  std::vector<Case> cases;
  add_compress(cases);
  add_recombine(cases);
  add_sums(cases);
  add_nnls(cases);
  add_match(cases);
  add_train(cases);
  add_threads(cases);
  if (long_form) add_large(cases);
  for (const Case& one : cases)
    if (one.name.find(only) != std::string::npos)
      for (const int threads : {1, 2}) {
        test(one, threads, false);
        if (long_form) test(one, threads, true);
      }
  std::printf("%ld calls, %d failed\n", calls, failed);
  return failed == 0 ? 0 : 1;
}
