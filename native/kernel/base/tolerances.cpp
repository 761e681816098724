#include "base/tolerances.hpp"

#include <cmath>
#include <cstdio>

namespace fewpoints {

Error refusal(const std::string& what, double residual, const std::string& advice) {
  if (!std::isfinite(residual)) return Error(Code::Infeasible, what + ": beyond what doubles can hold; try " + advice);
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", residual);
  return Error(Code::Infeasible, what + " could be kept to a relative residual of " + text + " only; try " + advice);
}

}  // namespace fewpoints
