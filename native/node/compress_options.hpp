// The options of a compression, as TypeScript passes them, and what a compression tells beside its points.
#pragma once
#include <napi.h>

#include "compression/compress.hpp"
#include "polynomial/space.hpp"

namespace fewpoints::node {

// The property `order`: one order for all columns. Throws Error Option, Size.
PolynomialSpace read_total(const Napi::Object& input, int dimension);
// The blocks that are given, or one block of all columns. Throws Error Option, Size.
PolynomialSpace read_space(const Napi::Object& input, int dimension);
// Throws WrongKind, Error.
CompressOptions read_compress_options(const Napi::Object& input, const PolynomialSpace& space);

// The fields of NativeCompressed (lib/native/addon.ts) that are not points.
void set_report(Napi::Object& out, const CompressReport& report);

}  // namespace fewpoints::node
