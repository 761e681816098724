// What the addon keeps for one JavaScript environment, the main thread's or a worker's.
#pragma once
#include <napi.h>

#include "job.hpp"
#include "results.hpp"

namespace fewpoints::node {

struct Environment {
  // Throws Napi::Error.
  explicit Environment(Napi::Env env) : arrays(env), jobs(env) {}
  Arrays arrays;
  Jobs jobs;

  // Once, before anything else is asked for. Throws Napi::Error.
  static void open(Napi::Env env) { env.SetInstanceData(new Environment(env)); }
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace fewpoints::node
