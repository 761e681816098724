// The state of the addon in one JavaScript environment: that of the main thread or of a worker.
#pragma once
#include <napi.h>

#include "results.hpp"
#ifndef FEWPOINTS_ONE_THREAD
#include "jobs.hpp"
#endif

namespace fewpoints::node {

struct Environment {
  // Throws Napi::Error.
#ifdef FEWPOINTS_ONE_THREAD
  explicit Environment(Napi::Env env) : arrays(env) {}
  Arrays arrays;
#else
  explicit Environment(Napi::Env env) : arrays(env), jobs(env) {}
  Arrays arrays;
  Jobs jobs;
#endif

  // Must be called once per environment, before of(). Throws Napi::Error.
  static void open(Napi::Env env) { env.SetInstanceData(new Environment(env)); }
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace fewpoints::node
