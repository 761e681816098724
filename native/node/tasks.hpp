// The addon's functions on points, features and matrices. Each reads its input (declared in lib/native/addon.ts), makes
// the kernel's private copy of it, and defines the computation and the form of the result.
#pragma once
#include <napi.h>

#include <memory>

#include "job.hpp"

namespace fewpoints::node {

// Before it copies the input, it sets `bytes` to the size of the copy. sync: the caller waits for the end of the
// computation. Throws WrongKind, Error, std::bad_alloc.
using MakeTask = std::unique_ptr<Task>(const Napi::Object& input, double& bytes, bool sync);

MakeTask compress_task, recombine_task, moments_task, verify_task, nnls_task, match_moments_task;

}  // namespace fewpoints::node
