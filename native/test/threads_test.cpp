// Every function that uses threads gives the same bits for any number of them, also while another call computes, and
// can be stopped from another thread. Under thread sanitizer, a race would show here.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "base/list.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "expect.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/space.hpp"
#include "recombination/recombine.hpp"
#include "training/trainer.hpp"

using namespace fewpoints;

namespace {

using Values = List<double>;

Values random_numbers(std::size_t count, unsigned seed, double low = -1) {
  std::mt19937_64 random(seed);
  Values x(count);
  for (double& one : x) one = std::uniform_real_distribution<double>(low, 1)(random);
  return x;
}

PointsView view_of(const Values& x, int columns) {
  return {{x.data(), false, 1}, columns, x.size() / static_cast<std::size_t>(columns), columns};
}
NumbersView numbers_of(const Values& x) { return {x.data(), false, 1}; }

// run() calls a function with this many threads and returns all numbers of its result.
struct Call {
  const char* name;
  std::function<Values(int threads, Monitor& monitor)> run;
};

// Some inputs are larger than a chunk of work, so that there are many chunks.
List<Call> calls() {
  const auto x = random_numbers(120'000, 1), w = random_numbers(40'000, 2, 0.1);
  const auto features = random_numbers(std::size_t{4000} * 300, 3);
  const auto few = random_numbers(9'000, 4), targets = random_numbers(3000, 5);
  const auto matrix = random_numbers(std::size_t{400} * 900, 6), rhs = random_numbers(400, 7);
  auto some_zero = w;
  for (std::size_t i = 0; i < some_zero.size(); i += i % 5 + 1) some_zero[i] = 0;
  return {
      {"compress",
       [=](int threads, Monitor& monitor) {
         CompressOptions options;
         options.space = PolynomialSpace::total(3, 3);
         options.size = 4000;
         options.threads = threads;
         const Compressed c = compress(PointSet(view_of(x, 3), numbers_of(w), "points", threads), options, monitor);
         Values all = c.weights;
         all.insert(all.end(), c.indices.begin(), c.indices.end());
         all.push_back(c.residual);
         return all;
       }},
      {"compress into one cell of many features",
       [=](int threads, Monitor& monitor) {
         CompressOptions options;
         options.space = PolynomialSpace::total(3, 9);
         options.size = 220;
         options.threads = threads;
         return compress(PointSet(view_of(few, 3), {nullptr, false, 1}), options, monitor).weights;
       }},
      {"moments",
       [=](int threads, Monitor& monitor) {
         return moments(PointSet(view_of(x, 3), numbers_of(some_zero), "points", threads), 6, Basis::Legendre, threads,
                        monitor);
       }},
      {"verify",
       [=](int threads, Monitor& monitor) {
         return verify(PointSet(view_of(x, 3), numbers_of(some_zero), "original", threads),
                       PointSet(view_of(few, 3), {nullptr, false, 1}), PolynomialSpace::total(3, 4), threads, monitor)
             .per_order;
       }},
      {"recombine",
       [=](int threads, Monitor& monitor) {
         const Recombined r =
             recombine(FeatureMatrix(view_of(features, 300), {nullptr, false, 1}, true), threads, monitor);
         return r.weights;
       }},
      {"matchMoments",
       [=](int threads, Monitor& monitor) {
         const Values weights = random_numbers(few.size() / 3, 8, 0.1);
         const Values target = moments(PointSet(view_of(few, 3), numbers_of(weights)), 5, Basis::Legendre, 1, monitor);
         return match_moments(PointSet(view_of(few, 3), {nullptr, false, 1}), few.size() / 3, target, 5,
                              Basis::Legendre, threads, monitor)
             .weights;
       }},
      {"nnls",
       [=](int threads, Monitor& monitor) {
         LeastSquares problem(900);
         problem.set_matrix(view_of(matrix, 900), numbers_of(rhs));
         return nnls(std::move(problem), threads, monitor).x;
       }},
      {"train",
       [=](int threads, Monitor& monitor) {
         Network network{3, 300, 1, Activation::Tanh, {}, {}};
         network.parameters = {random_numbers(900, 9), random_numbers(300, 10), random_numbers(300, 11), {0}};
         const Rows rows(view_of(few, 3), view_of(targets, 1), {nullptr, false, 1}, "x", "y");
         const std::optional<Rows> test(std::in_place, view_of(few, 3), view_of(targets, 1),
                                        NumbersView{nullptr, false, 1}, "x", "y");
         TrainOptions options;
         options.batch = 256;
         options.epochs = 3;
         options.threads = threads;
         const auto trainer = Trainer::make(network, rows, test, {}, options);
         trainer->run(options.epochs, monitor);
         Values all = trainer->parameters().hidden;
         all.push_back(*trainer->evaluate(monitor).test);
         return all;
       }},
  };
}

bool same_bits(const Values& a, const Values& b) {
  return a.size() == b.size() && !a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

// A thread that has no part in the call stops it at some moment. The call must give the whole answer, or throw
// Cancelled.
void stop_from_outside(const Call& call, const Values& expected) {
  for (const int pause : {0, 1, 5, 20, 80}) {
    Monitor monitor;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      monitor.cancel();
    });
    bool right = false;
    try {
      right = same_bits(call.run(3, monitor), expected);
    } catch (const Cancelled&) {
      right = monitor.cancelled();
    }
    other.join();
    expect(right, "stopped after " + std::to_string(pause) + " ms: all or nothing");
  }
}

// Threads that computed with others of their own end, several at a time, while more begin. A pool that did not end well
// with its thread would show as a fault of the heap.
void threads_that_end(const List<Call>& all, const List<Values>& expected) {
  for (std::size_t i = 0; i < all.size(); i++) {
    place = std::string("threads that end, ") + all[i].name;
    std::array<char, 4> right{};
    std::array<std::thread, right.size()> owners;
    for (std::size_t k = 0; k < owners.size(); k++)
      owners[k] = std::thread([&, k] {
        Monitor monitor;
        right[k] = same_bits(all[i].run(3, monitor), expected[i]);
      });
    for (std::thread& owner : owners) owner.join();
    for (const char one : right) expect(one != 0, "the same bits");
  }
}

}  // namespace

void test_threads() {
  const List<Call> all = calls();
  List<Values> expected;
  for (const Call& call : all) {
    place = std::string("threads, ") + call.name;
    Monitor monitor;
    expected.push_back(call.run(1, monitor));
    for (const int threads : {2, 4})
      expect(same_bits(expected.back(), call.run(threads, monitor)),
             "the same bits with " + std::to_string(threads) + " threads");
    stop_from_outside(call, expected.back());
  }
  place = "threads, two calls at a time";
  const auto share = [&](std::size_t first, List<char>& right) {
    for (std::size_t i = first; i < all.size(); i += 2) {
      Monitor monitor;
      right[i] = same_bits(all[i].run(2, monitor), expected[i]);
    }
  };
  List<char> here(all.size(), 1), there(all.size(), 1);
  std::thread other([&] { share(1, there); });
  share(0, here);
  other.join();
  for (std::size_t i = 0; i < all.size(); i++)
    expect(here[i] && there[i], std::string("the same bits: ") + all[i].name);
  threads_that_end(all, expected);
}
