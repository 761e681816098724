// The addon's functions train and predict (lib/train-network.ts, lib/predict.ts).
#pragma once
#include <napi.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "job.hpp"
#include "training/train.hpp"

namespace fewpoints::node {

class TrainTask final : public Task {
 public:
  // Throws WrongKind, Error, std::bad_alloc.
  TrainTask(const Napi::Object& input, double& bytes);
  bool run_inline() const override { return run_inline_; }
  void run(Monitor& monitor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  Network network_;
  OptimizerState state_;
  TrainOptions options_;
  std::optional<Rows> rows_, test_;
  bool run_inline_ = false;
  Trained output_;
};

class PredictTask final : public Task {
 public:
  // Throws WrongKind, Error, std::bad_alloc.
  PredictTask(const Napi::Object& input, double& bytes);
  bool run_inline() const override { return run_inline_; }
  void run(Monitor& monitor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  Network network_;
  std::size_t count_ = 0;
  List<Array<double>> x_;
  bool single_ = false, run_inline_ = false;
  int threads_ = 1;
  List<double> output_;
};

}  // namespace fewpoints::node
