// What the kernel says to its caller while it works (progress), what the caller says to it (stop), and how it fails.
#pragma once
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace fewpoints {

enum class Code { Shape, NotFinite, Weight, Size, Option, Memory, Infeasible };

// The only exception, with std::bad_alloc and Cancelled, that leaves the kernel. `code` becomes the JavaScript error's
// code.
class Error : public std::runtime_error {
 public:
  Error(Code what, const std::string& message) : std::runtime_error(message), code(what) {}
  Code code;
};

// Thrown when Monitor::cancel() was seen. Nothing is left half done: results are returned by value.
class Cancelled {};

enum class Stage { Copy, Partition, Recombine, Solve, Verify, Train };

// One per job. cancel() may be called from any thread; report() is called by the kernel on the thread that runs the job
// only, at most every few milliseconds, and must not throw.
class Monitor {
 public:
  virtual ~Monitor() = default;
  virtual void report(Stage, std::size_t /*done*/, std::size_t /*total*/) noexcept {}
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  void check() const {
    if (cancelled()) throw Cancelled();
  }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace fewpoints
