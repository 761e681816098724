// Deliberate faults, one per kind that a sanitizer must report. A check without reports means something only when these
// are reported. Usage: canary <fault>. Prints "missed" and exits with 0 when nothing stopped it.
#include <omp.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "parallel/thread_team.hpp"

namespace {

volatile int one = 1;  // the compiler does not know the value

void overflow() {
  std::vector<double> x(8);
  const double* data = x.data();
  std::printf("%f\n", data[8 * one]);
}

void after_free() {
  auto* x = new double[8];
  delete[] x;
  std::printf("%f\n", x[one]);
}

void leak() {
  auto* volatile lost = new double[100];
  lost[one] = 1;
  lost = nullptr;
}

void integer() { std::printf("%d\n", INT_MAX - 1 + 2 * one); }

void shift() { std::printf("%d\n", one << (32 * one)); }

// Threads of a parallel region without synchronisation.
void race() {
  double sum = 0;
#pragma omp parallel num_threads(4)
  for (int i = 0; i < 1000; i++) sum += one;
  std::printf("%f\n", sum);
}

// The same within one phase of a team: only different phases are ordered. Both chunks must begin before either goes on,
// because otherwise one thread might do both. A relaxed counter orders nothing.
void phase_race() {
  fewpoints::Monitor monitor;
  fewpoints::ThreadTeam team(2, monitor);
  std::atomic<int> begun{0};
  double sum = 0;
  team.run([&](fewpoints::ThreadTeam::Worker& worker) {
    worker.phase(2, [&](std::size_t) {
      begun.fetch_add(1, std::memory_order_relaxed);
      while (begun.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
      sum += one;
    });
  });
  std::printf("%f\n", sum);
}

// No fault. Each phase reads on other threads what the phase before it wrote, and all is visible after the region.
void phases() {
  fewpoints::Monitor monitor;
  fewpoints::ThreadTeam team(4, monitor);
  std::vector<double> x(64, 0.0);
  team.run([&](fewpoints::ThreadTeam::Worker& worker) {
    for (int i = 0; i < 1000; i++) {
      worker.phase(64, [&](std::size_t j) { x[j] += one; });
      worker.phase(32, [&](std::size_t j) {
        const double low = x[j], high = x[63 - j];
        x[j] = high;
        x[63 - j] = low;
      });
    }
  });
#pragma omp parallel for num_threads(4)
  for (int j = 0; j < 64; j++) x[static_cast<std::size_t>(j)] *= 2;
  for (const double v : x)
    if (v != 2000) std::exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  const struct {
    const char* name;
    void (*run)();
  } faults[] = {{"overflow", overflow},     {"after-free", after_free}, {"leak", leak},
                {"integer", integer},       {"shift", shift},           {"race", race},
                {"phase-race", phase_race}, {"phases", phases}};
  for (const auto& fault : faults)
    if (argc == 2 && std::strcmp(argv[1], fault.name) == 0) {
      fault.run();
      std::printf("missed\n");
      return 0;
    }
  return 2;
}
