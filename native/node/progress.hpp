// Which of the kernel's reports become calls of JavaScript's progress function.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/status.hpp"

namespace fewpoints::node {

inline const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::Copy: return "copy";
    case Stage::Partition: return "partition";
    case Stage::Recombine: return "recombine";
    case Stage::Solve: return "solve";
    case Stage::Verify: return "verify";
    case Stage::Train: return "train";
  }
  return "";
}

struct Progress {
  Stage stage = Stage::Copy;
  std::size_t done = 0, total = 0;
};

// The kernel reports from nested loops. Only progress that does not go back is passed on: not to an earlier stage, nor,
// within a stage, to a smaller number or a smaller share. The first of a stage is passed on, and others at most every
// 50 ms.
class ProgressFilter {
 public:
  bool passes(const Progress& next) {
    const auto now = std::chrono::steady_clock::now();
    const bool first = !any_ || next.stage != sent_.stage;
    if (any_ && (!is_ahead(next, sent_) || (!first && now - sent_at_ < kEvery))) return false;
    any_ = true;
    sent_ = next;
    sent_at_ = now;
    return true;
  }

 private:
  static constexpr auto kEvery = std::chrono::milliseconds(50);
  static bool is_ahead(const Progress& next, const Progress& last) {
    if (next.stage != last.stage) return next.stage > last.stage;
    return next.done >= last.done && static_cast<double>(next.done) * static_cast<double>(last.total) >=
                                         static_cast<double>(last.done) * static_cast<double>(next.total);
  }

  bool any_ = false;
  Progress sent_;
  std::chrono::steady_clock::time_point sent_at_;
};

}  // namespace fewpoints::node
