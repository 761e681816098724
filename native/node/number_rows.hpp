// The function numberRows of the addon: rows of plain numbers in the bytes of a text table.
#pragma once
#include <napi.h>

namespace fewpoints::node {

// Takes an object of the boundary's type NativeNumberRowsInput. Throws Napi::Error.
Napi::Value number_rows(const Napi::CallbackInfo& call);

}  // namespace fewpoints::node
