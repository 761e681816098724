// A Task that consists of two functions.
#pragma once
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "job.hpp"
#include "parallel/part_times.hpp"

namespace fewpoints::node {

// run(monitor), on the compute thread, owns the copy of the input. show(env, output) makes the
// output that lib/native/addon.ts declares.
template <class Run, class Show>
class FunctionTask final : public Task {
 public:
  FunctionTask(Run run, Show show, bool run_inline)
      : run_(std::move(run)), show_(std::move(show)), run_inline_(run_inline) {}
  bool run_inline() const override { return run_inline_; }
  void run(Monitor& monitor) override {
    const PartTimer timer(Part::Cells);
    Run run = std::move(*run_);  // the input ends here, on the thread that made it
    run_.reset();
    output_.emplace(run(monitor));
  }
  Napi::Value result(Napi::Env env) override { return show_(env, *output_); }

 private:
  std::optional<Run> run_;
  Show show_;
  bool run_inline_;
  std::optional<std::invoke_result_t<Run&, Monitor&>> output_;
};

template <class Run, class Show>
std::unique_ptr<Task> make_task(Run run, Show show, bool run_inline = false) {
  return std::make_unique<FunctionTask<Run, Show>>(std::move(run), std::move(show), run_inline);
}

}  // namespace fewpoints::node
