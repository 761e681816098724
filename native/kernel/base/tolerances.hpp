// What counts as exact, and what is refused, wherever a residual is judged.
#pragma once
#include <string>

#include "base/status.hpp"

namespace fewpoints {

constexpr double kEpsilon = 0x1p-52;
// Moments of the whole set that are further off than this are worked on again, cell by cell, in double-double.
constexpr double kAcceptedResidual = 8 * kEpsilon;
// A result that has lost half of the digits is refused. Such input has moments dominated by a few points at this order.
constexpr double kRefusedResidual = 0x1p-26;

// "WHAT could be kept to a relative residual of 1.2e-05 only; try ADVICE", and without a number where there
// is none that is finite.
Error refusal(const std::string& what, double residual, const std::string& advice);

}  // namespace fewpoints
