// The addon's trainer() and predict() (lib/training).
#pragma once
#include <napi.h>

#include <cstddef>

#include "job.hpp"
#include "training/predict.hpp"

namespace fewpoints::node {

// trainer(input): copies everything into a kernel Trainer and returns { run, runSync, state, free } (NativeTrainer in
// lib/native/addon.ts). Throws a JavaScript error.
Napi::Value make_trainer(const Napi::CallbackInfo& info);

class PredictTask final : public Task {
 public:
  static constexpr const char* kName = "predict";
  // Throws WrongKind, Error, std::bad_alloc.
  PredictTask(const Napi::Object& input, double& bytes);
  bool run_inline() const override;
  void run(Monitor& monitor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  Network network_;
  std::size_t count_ = 0;
  List<Array<double>> x_;
  bool single_ = false;
  int threads_ = 1;
  List<double> output_;
};

}  // namespace fewpoints::node
