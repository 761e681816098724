#include "training/batches.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/list.hpp"

namespace fewpoints {
namespace {

// xoshiro256** 1.0 by Blackman and Vigna, seeded by splitmix64. Gives the same numbers on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& s : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      s = z ^ (z >> 31);
    }
  }
  std::uint64_t next() {
    const auto turn = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
    const std::uint64_t result = turn(state_[1] * 5, 7) * 9, t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = turn(state_[3], 45);
    return result;
  }
  // A whole number in [0, n). The bias is below n / 2^64.
  std::uint32_t below(std::uint64_t n) {
    return static_cast<std::uint32_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_[4];
};

}  // namespace

Batches::Batches(std::size_t rows, const double* weights, std::size_t batch, std::size_t batches, bool replacement,
                 std::uint64_t seed)
    : count_(rows), batch_(batch), batches_(batches), replacement_(replacement), seed_(seed) {
  const std::size_t once = (rows + batch - 1) / batch;
  if (batches_ == 0) batches_ = once;
  order_.resize(replacement ? product(batches_, batch) : rows);
  if (!replacement) batches_ = once;
  if (!replacement || weights == nullptr) return;

  const double mean = std::accumulate(weights, weights + rows, 0.0) / static_cast<double>(rows);
  share_.resize(rows);
  other_.resize(rows);
  List<std::uint32_t> small, large;
  for (std::size_t i = 0; i < rows; i++) {
    share_[i] = weights[i] / mean;
    other_[i] = static_cast<std::uint32_t>(i);
    (share_[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t from = small.back(), to = large.back();
    small.pop_back();
    other_[from] = to;
    share_[to] -= 1 - share_[from];
    if (share_[to] < 1) {
      large.pop_back();
      small.push_back(to);
    }
  }
  // Rounding leaves some entries over. They give their own row alone, or another row where their weight is 0.
  for (const std::uint32_t i : large) share_[i] = 1;
  const double* const positive = std::find_if(weights, weights + rows, [](double w) { return w > 0; });
  for (const std::uint32_t i : small) {
    if (weights[i] > 0)
      share_[i] = 1;
    else
      other_[i] = static_cast<std::uint32_t>(positive - weights);
  }
}

void Batches::draw(std::size_t epoch) {
  Random random(seed_ * 0xd1342543de82ef95 + epoch);
  if (!replacement_) {
    std::iota(order_.begin(), order_.end(), 0);
    for (std::size_t i = count_; i > 1; i--) std::swap(order_[i - 1], order_[random.below(i)]);
    return;
  }
  for (std::uint32_t& row : order_) {
    row = random.below(count_);
    if (!share_.empty() && random.unit() >= share_[row]) row = other_[row];
  }
}

}  // namespace fewpoints
