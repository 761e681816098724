#include "crew.hpp"

#include <algorithm>
#include <exception>
#include <thread>

namespace fewpoints {

// Never destroyed: its threads may still run while the process' static objects are being taken down.
Crew& Crew::get() {
  static auto* crew = new Crew;
  return *crew;
}

int Crew::grow(int wanted) noexcept {
  constexpr int kMost = 1024;
  wanted = std::clamp(wanted, 1, kMost);
  try {
    const std::lock_guard<std::mutex> lock(growing_);
    while (started_ < wanted) {
      std::thread([this] { loop(); }).detach();
      started_++;
    }
    return wanted;
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    return started_;
  }
}

void Crew::run(int most, Call call, const void* context) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (most <= 1 || busy_) {
      lock.unlock();
      call(context, 0);
      return;
    }
    busy_ = true;
    round_++;
    call_ = call;
    context_ = context;
    next_ = 1;
    most_ = most;
  }
  for (int i = 1; i < most; i++) begun_.notify_one();
  call(context, 0);
  std::unique_lock<std::mutex> lock(mutex_);
  most_ = 0;
  left_.wait(lock, [this] { return inside_ == 0; });
  busy_ = false;
}

void Crew::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (std::uint64_t seen = 0;;) {
    begun_.wait(lock, [&] { return next_ < most_ && round_ != seen; });
    seen = round_;
    const int index = next_++;
    inside_++;
    lock.unlock();
    call_(context_, index);
    lock.lock();
    if (--inside_ == 0) left_.notify_one();
  }
}

}  // namespace fewpoints
