// The one thread of the process on which all heavy work runs, one job after another, each with an OpenMP team of its
// own size. It is one thread because every thread that opens a parallel region keeps its team until it ends. It is not
// a thread of libuv's pool because four long computations there would stop every file and name lookup of the program.
//
// Work of all environments (the main thread's and every worker's) goes through the same queue. The thread never waits
// for JavaScript, so whoever waits for the thread cannot deadlock.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.hpp"

namespace fewpoints::node {

class Work : public Monitor {
 public:
  // whose: the owner that leave() waits for; nullptr: none.
  explicit Work(const void* whose) : owner(whose) {}
  // On the compute thread. cancel(), from any thread, makes it return soon.
  virtual void execute() noexcept = 0;
  const void* const owner;
};

class ComputeThread {
 public:
  static ComputeThread& get();

  // Queues the work; `soon`: before all that is queued. Starts the thread when it is the first. Throws
  // std::system_error.
  void post(std::shared_ptr<Work> work, bool soon = false);
  // Takes work out of the queue. Returns false when it is not there, because it has begun.
  bool withdraw(const Work* work);
  // Waits until the work is neither queued nor running, but no longer than `at_most`. Returns whether it is neither.
  bool wait(const Work* work, std::chrono::milliseconds at_most);
  // Takes the owner's work out of the queue, cancels the work that runs, and returns when its execute() has. After that
  // the compute thread holds nothing of the owner's.
  void leave(const void* owner);

 private:
  ComputeThread() = default;
  void loop();
  void stop();
  bool has(const Work* work) const;

  mutable std::mutex mutex_;
  std::condition_variable posted_, finished_;
  std::deque<std::shared_ptr<Work>> queue_;
  std::shared_ptr<Work> running_;
  std::thread thread_;
  bool stopping_ = false;
};

}  // namespace fewpoints::node
