// The addon's compressor() (lib/streaming/compressor.ts).
#pragma once
#include <napi.h>

namespace fewpoints::node {

// compressor(input): makes a kernel StreamCompressor and returns the NativeCompressor of lib/native/addon.ts. Throws a
// JavaScript error.
Napi::Value make_compressor(const Napi::CallbackInfo& info);

}  // namespace fewpoints::node
