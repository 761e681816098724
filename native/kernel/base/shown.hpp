// Numbers as messages show them. An infinity or a NaN is replaced by words, because it tells a reader nothing.
#pragma once
#include <cmath>
#include <cstdio>
#include <string>

namespace fewpoints {

// Shows at least six digits of x, and as many as it takes to look different from `other`.
inline std::string shown(double x, double other) {
  if (!std::isfinite(x)) return "beyond the largest double";
  char text[40], beside[40];
  for (const int digits : {6, 10, 17}) {
    std::snprintf(text, sizeof text, "%.*g", digits, x);
    std::snprintf(beside, sizeof beside, "%.*g", digits, other);
    if (std::string(text) != beside) break;
  }
  return text;
}
inline std::string shown(double x) { return shown(x, x == 0 ? 1 : 0); }

}  // namespace fewpoints
