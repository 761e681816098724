// The addon's functions on points, features and matrices: each reads the boundary's input (declared in
// lib/native/addon.ts), makes the kernel's private copy of it, and says what to compute and what to hand back.
#pragma once
#include <napi.h>

#include <memory>

#include "job.hpp"

namespace fewpoints::node {

// Sets `bytes` to what the copy of the input takes before it makes it. sync: the caller waits until all is done. Throws
// WrongKind, Error, std::bad_alloc.
using MakeTask = std::unique_ptr<Task>(const Napi::Object& input, double& bytes, bool sync);

MakeTask compress_task, recombine_task, moments_task, verify_task, nnls_task, match_moments_task;

}  // namespace fewpoints::node
