#include "compress_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "arguments.hpp"
#include "base/status.hpp"

namespace fewpoints::node {

PolynomialSpace read_total(const Napi::Object& input, int dimension) {
  PolynomialSpace space =
      PolynomialSpace::total(dimension, static_cast<int>(read_integer(input, "order", 0, kMaxOrder)));
  space.check();
  return space;
}

PolynomialSpace read_space(const Napi::Object& input, int dimension) {
  const List<double> block_of = read_list(input, "blockOf", static_cast<std::size_t>(dimension));
  if (block_of.empty()) return read_total(input, dimension);
  PolynomialSpace space;
  const Napi::Value orders = input.Get("blockOrders");
  const std::size_t blocks = orders.IsTypedArray() ? orders.As<Napi::TypedArray>().ElementLength() : 0;
  const auto whole = [](double value, double max) {
    if (!(value >= 0 && value <= max && value == std::floor(value)))
      throw Error(Code::Option, "a block or its order is out of range");
    return static_cast<int>(value);
  };
  for (const double order : read_list(input, "blockOrders", blocks)) space.order.push_back(whole(order, kMaxOrder));
  for (const double block : block_of) space.block.push_back(whole(block, static_cast<double>(blocks) - 1));
  space.check();
  return space;
}

CompressOptions read_compress_options(const Napi::Object& input, const PolynomialSpace& space) {
  CompressOptions options;
  options.space = space;
  options.threads = read_threads(input);
  options.automatic = input.Get("auto").ToBoolean();
  options.best = input.Get("best").ToBoolean();
  // On 32 bits so many points have no room anyway. Streams multiply the size by up to 8 and by 12 (kBetweenAutomatic,
  // kLeastShrinking).
  constexpr auto kMostPoints = static_cast<std::int64_t>(std::min<std::uint64_t>(kMaxExact, SIZE_MAX / (8 * 12)));
  options.size = static_cast<std::size_t>(std::min(read_integer(input, "size", 1, kMaxExact), kMostPoints));
  options.standardise = input.Get("standardise").ToBoolean();
  if (input.Get("free").ToBoolean()) options.support = CompressOptions::Support::Free;
  options.equal_weights = input.Get("equalWeights").ToBoolean();
  options.hull = input.Get("hull").ToBoolean();
  options.means = input.Get("means").ToBoolean();
  if (!input.Get("minimumWeight").IsUndefined()) options.minimum_weight = read_number(input, "minimumWeight");
  if (!input.Get("mostFree").IsUndefined())
    options.most_free = static_cast<std::size_t>(std::min(read_integer(input, "mostFree", 1, kMaxExact), kMostPoints));
  options.scales = read_list(input, "scales", static_cast<std::size_t>(space.dimension()));
  return options;
}

void set_report(Napi::Object& out, const CompressReport& report) {
  out.Set("order", report.order);
  out.Set("cells", static_cast<double>(report.cells));
  out.Set("freeCells", static_cast<double>(report.free_cells));
  out.Set("rowCells", static_cast<double>(report.row_cells));
  constexpr std::array kWhyRows{"none", "whole", "order", "cells", "size", "precision"};
  if (report.why_rows != WhyRows::None) out.Set("whyRows", kWhyRows[static_cast<std::size_t>(report.why_rows)]);
  out.Set("threads", report.threads);
  out.Set("residual", report.residual);
  out.Set("cellsKeepingLess", static_cast<double>(report.cells_keeping_less));
  Napi::Object strategies = Napi::Object::New(out.Env());
  for (std::size_t s = 0; s < kStrategies.size(); s++)
    strategies.Set(kStrategies[s].name, static_cast<double>(report.strategies[s]));
  out.Set("strategies", strategies);
  out.Set("partition", report.partition_ms);
  out.Set("recombine", report.recombine_ms);
  out.Set("total", report.total_ms);
}

}  // namespace fewpoints::node
