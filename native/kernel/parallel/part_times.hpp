// How long the parts of a call take, and how long one thread works alone in them. For `npm run bench -- threads`.
//
// Times are those of all calls of the process, of any thread. Nothing is measured until they are taken for the first
// time: reading the clocks would take a tenth of a small call. A thread is in one part at a time.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

namespace fewpoints {

// Copy: with validation. TopSplits: all threads divide one node. Splits: the rest of the partition, but for the choice
// of the cells, which is Cut. Cells: the rest of the computation. Output: all that the JavaScript thread does by
// itself. The times of Waiting are dropped: that thread waits for another one then.
enum class Part { Copy, Verify, TopSplits, Splits, Cut, Cells, Gathering, RowOrder, Output, Waiting };
constexpr std::array kPartNames{"copy",  "verify",    "top splits", "splits", "cut",
                                "cells", "gathering", "row order",  "output"};

// Milliseconds. Loops are the parallel_for of more than one task.
struct PartTime {
  double wall = 0;   // of the part
  double loops = 0;  // of the loops in it
  double alone = 0;  // processor time of the thread that opens the loops, outside of them
  double idle = 0;   // of all threads of the loops, in which they had nothing to do
};
using PartTimes = std::array<PartTime, kPartNames.size()>;

// Returns the times since the last call of this, and begins anew.
PartTimes take_part_times();

// The thread is in the part as long as this lives, except while another one lives that was made later.
class PartTimer {
 public:
  explicit PartTimer(Part part) noexcept;
  ~PartTimer();
  PartTimer(const PartTimer&) = delete;
  PartTimer& operator=(const PartTimer&) = delete;

 private:
  const bool counts_;
  const int outer_;
};

// The time of one loop. Costs nothing on a thread that is in no part.
class LoopTimer {
 public:
  explicit LoopTimer(int threads) noexcept;
  ~LoopTimer();
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;
  // Called by each thread of the loop, before its first task and after its last one.
  void enter() noexcept {
    if (counts_) busy_ -= now();
  }
  void leave() noexcept {
    if (counts_) busy_ += now();
  }

 private:
  static std::int64_t now() noexcept;  // nanoseconds
  const bool counts_;
  const int threads_;
  std::int64_t begin_ = 0;
  std::atomic<std::int64_t> busy_{0};
};

}  // namespace fewpoints
