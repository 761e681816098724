// How the kernel reports progress to its caller, how the caller stops it, and how it fails.
#pragma once
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace fewpoints {

enum class Code { Shape, NotFinite, Weight, Size, Option, Memory, Infeasible };

// The only exceptions that leave the kernel are this one, std::bad_alloc and Cancelled. `code` becomes the code of the
// JavaScript error.
class Error : public std::runtime_error {
 public:
  Error(Code what, const std::string& message) : std::runtime_error(message), code(what) {}
  Code code;
};

// Thrown after Monitor::cancel(). No result is left half done: results are returned by value.
class Cancelled {};

enum class Stage { Copy, Partition, Recombine, Solve, Verify, Train };

// There is one per job. Any thread may call cancel(). The kernel calls report() often, and only on the thread that runs
// the job. report() must not throw.
class Monitor {
 public:
  Monitor() = default;
  // Reports nothing, and is cancelled when `parent` is. parent must outlive it.
  explicit Monitor(const Monitor* parent) : parent_(parent) {}
  virtual ~Monitor() = default;
  virtual void report(Stage, std::size_t /*done*/, std::size_t /*total*/) noexcept {}
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed) || (parent_ != nullptr && parent_->cancelled());
  }
  void check() const {
    if (cancelled()) throw Cancelled();
  }

 private:
  const Monitor* parent_ = nullptr;
  std::atomic<bool> cancelled_{false};
};

}  // namespace fewpoints
