#include "parallel/part_times.hpp"

#include <chrono>
#include <ctime>
#include <mutex>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#endif

namespace fewpoints {
namespace {

constexpr int kNone = -1, kWaiting = static_cast<int>(Part::Waiting);
static_assert(kWaiting == static_cast<int>(kPartNames.size()));
constexpr double kMilliseconds = 1e-6;  // of a nanosecond

std::int64_t wall_now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t processor_now() noexcept {
#ifdef _WIN32
  FILETIME created, ended, kernel, user;  // in units of 100 ns
  GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user);
  const auto units = [](const FILETIME& time) {
    return std::int64_t{time.dwHighDateTime} << 32 | std::int64_t{time.dwLowDateTime};
  };
  return 100 * (units(kernel) + units(user));
#else
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
#endif
}

struct State {
  int part = kNone;
  std::int64_t wall = 0, processor = 0;  // when the time was last added
  PartTimes times{};

  PartTime& now_in() { return times[static_cast<std::size_t>(part)]; }
  // Adds the time since the last call. idle is nullptr outside of loops.
  void add(const double* idle) noexcept {
    const std::int64_t wall_before = wall, processor_before = processor;
    wall = wall_now();
    processor = processor_now();
    if (part == kNone || part == kWaiting) return;
    const double passed = kMilliseconds * static_cast<double>(wall - wall_before);
    now_in().wall += passed;
    if (idle == nullptr) {
      now_in().alone += kMilliseconds * static_cast<double>(processor - processor_before);
    } else {
      now_in().loops += passed;
      now_in().idle += *idle;
    }
  }
};

thread_local State state;

std::atomic<bool> wanted{false};
std::mutex mutex;
PartTimes all;

void add_to_all(PartTimes& times) noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  for (std::size_t p = 0; p < times.size(); p++) {
    all[p].wall += times[p].wall;
    all[p].loops += times[p].loops;
    all[p].alone += times[p].alone;
    all[p].idle += times[p].idle;
  }
  times = PartTimes{};
}

}  // namespace

PartTimes take_part_times() {
  wanted.store(true);
  const std::lock_guard<std::mutex> lock(mutex);
  const PartTimes taken = all;
  all = PartTimes{};
  return taken;
}

PartTimer::PartTimer(Part part) noexcept : counts_(wanted.load(std::memory_order_relaxed)), outer_(state.part) {
  if (!counts_) return;
  state.add(nullptr);
  state.part = static_cast<int>(part);
}

PartTimer::~PartTimer() {
  if (!counts_) return;
  state.add(nullptr);
  state.part = outer_;
  if (outer_ == kNone) add_to_all(state.times);
}

LoopTimer::LoopTimer(int threads) noexcept : counts_(state.part != kNone), threads_(threads) {
  if (!counts_) return;
  state.add(nullptr);
  begin_ = state.wall;
}

LoopTimer::~LoopTimer() {
  if (!counts_) return;
  const double idle = kMilliseconds * static_cast<double>(threads_ * (wall_now() - begin_) - busy_.load());
  state.add(&idle);
}

std::int64_t LoopTimer::now() noexcept { return wall_now(); }

}  // namespace fewpoints
