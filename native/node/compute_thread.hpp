// The one thread of the process on which all heavy work runs, one job after another. There is only one, because every
// thread that opens a parallel region keeps its OpenMP team until the thread ends. It is not a thread of libuv's pool,
// because four long computations there would block every file access and name lookup of the program.
//
// The work of all environments (those of the main thread and of every worker) goes through the same queue. The thread
// never waits for JavaScript, so waiting for the thread cannot deadlock.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.hpp"

namespace fewpoints::node {

class Work : public Monitor {
 public:
  // whose: the owner, which can wait for all its work by leave(); nullptr: nobody.
  explicit Work(const void* whose) : owner(whose) {}
  // Runs on the compute thread. cancel(), from any thread, makes it return soon.
  virtual void execute() noexcept = 0;
  const void* const owner;
};

class ComputeThread {
 public:
  static ComputeThread& get();

  // Queues the work; with `soon`, before all queued work. The first call starts the thread. Throws std::system_error.
  void post(std::shared_ptr<Work> work, bool soon = false);
  // Does a part of a call that is the JavaScript thread's, and returns when it is done. When the compute thread has
  // nothing to do, it does work(threads), because its threads are those that may share work. Otherwise the calling
  // thread does work(1), and waits for no other job. Throws what the work throws.
  void share(int threads, const std::function<void(int threads)>& work);
  // Takes work out of the queue. Returns false when it is not there, because it has begun.
  bool withdraw(const Work* work);
  // Waits, for `at_most`, until the work is neither queued nor running. Returns whether that is so.
  bool wait(const Work* work, std::chrono::milliseconds at_most);
  // Takes the work of the owner out of the queue, cancels it when it runs, and returns when its execute() has returned.
  // After that the compute thread uses nothing of the owner's.
  void leave(const void* owner);

 private:
  ComputeThread() = default;
  void loop();
  void stop();
  bool has(const Work* work) const;
  bool post_if_idle(std::shared_ptr<Work> work);
  void start();

  mutable std::mutex mutex_;
  std::condition_variable posted_, finished_;
  std::deque<std::shared_ptr<Work>> queue_;
  std::shared_ptr<Work> running_;
  std::thread thread_;
  bool stopping_ = false;
};

}  // namespace fewpoints::node
