// The threads of the kernel: started when they are first wanted, asleep between two pieces of work, kept for ever.
// Not OpenMP's: libgomp ends the process when it cannot start a thread or has no memory for its own records, and it
// ends and starts threads again as the size of its teams changes, so that no check beforehand could be relied upon.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace fewpoints {

class Crew {
 public:
  static Crew& get();

  // Starts threads until there are `wanted` with the calling one. Returns how many there are then, at most `wanted`:
  // fewer where the system refuses a thread or the memory for it. Never throws.
  int grow(int wanted) noexcept;

  // part(index) once on the calling thread, with index 0, and on up to most - 1 others, each with an index of its own
  // below `most`. Any number of them may come, in any order, or none: the parts share out the work among those that are
  // there. Returns when all parts that began have ended; whoever has not begun by the end of the caller's part is not
  // waited for. A part must not throw. Inside a part, and while another thread's work is done, the caller is alone.
  template <class Part>
  void run(int most, const Part& part) {
    run(
        most, [](const void* context, int index) { (*static_cast<const Part*>(context))(index); }, &part);
  }

 private:
  using Call = void (*)(const void* context, int index);
  class Turn;

  Crew() = default;
  void run(int most, Call call, const void* context);
  void loop();

  std::mutex growing_;
  int started_ = 1;  // under growing_; with the calling thread

  std::mutex mutex_;  // of all that follows
  std::condition_variable begun_, left_;
  bool busy_ = false;
  std::uint64_t round_ = 0;
  int next_ = 0, most_ = 0;  // the next index, and the bound on it: 0 when nobody may begin
  int inside_ = 0;
  Call call_ = nullptr;
  const void* context_ = nullptr;
};

}  // namespace fewpoints
