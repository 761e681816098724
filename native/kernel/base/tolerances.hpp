// The residuals that count as exact, and those that are refused, wherever a residual is judged.
#pragma once
#include <string>

#include "base/status.hpp"

namespace fewpoints {

constexpr double kEpsilon = 0x1p-52;
// The cells of a set whose residual is larger than this are solved again, in double-double.
constexpr double kAcceptedResidual = 8 * kEpsilon;
// A result that has lost half of its digits is refused. Such input has moments that a few points dominate at this
// order.
constexpr double kRefusedResidual = 0x1p-26;

// "WHAT could be kept to a relative residual of 1.2e-05 only; try ADVICE". A residual that is not finite is told in
// words instead.
Error refusal(const std::string& what, double residual, const std::string& advice);

}  // namespace fewpoints
