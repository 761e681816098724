#include "compression/fill_size.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/list.hpp"

namespace fewpoints {
namespace {

// The share of the size that is used at least.
constexpr double kUsed = 0.97;
// The share that a cut aims at, when a sample says how many points its cells keep.
// It aims lower by the doubt of the sample, at most kMostDoubt. A cut that kept too many is made again for kLess of
// that.
constexpr double kAim = 0.985, kMostDoubt = 0.1, kLess = 0.95;
// A partition of fewer cells is solved without a sample. Of more, one in kStep is solved first, and at least kSample.
constexpr std::size_t kFewCells = 48, kSample = 12, kStep = 16;
constexpr int kMostCuts = 5, kMostRounds = 8;

struct Estimate {
  double share = 1, error = 0;  // of the cost of the cells that is kept
};

// What share of their cost the cells of a cut keep, from those of a sample.
Estimate estimate(const Ladder& ladder, const List<std::size_t>& sample) {
  double kept = 0, cost = 0, squares = 0;
  for (const std::size_t i : sample) {
    kept += static_cast<double>(ladder.kept(i));
    cost += static_cast<double>(ladder.cost(i));
  }
  const double share = kept / cost;
  for (const std::size_t i : sample)
    squares += std::pow(static_cast<double>(ladder.kept(i)) - share * static_cast<double>(ladder.cost(i)), 2);
  return {share, std::sqrt(squares) / cost};
}

struct Division {
  std::size_t cell;
  int node;  // of the partition, before
  Ladder::Answer before;
};

class Filler {
 public:
  Filler(Partition& partition, Ladder& ladder, std::size_t size, int threads, Monitor& monitor)
      : partition_(partition), ladder_(ladder), size_(size), threads_(threads), monitor_(monitor) {}

  void run() {
    for (int round = 0; round < kMostRounds; round++) {
      const std::size_t kept = ladder_.kept();
      if (static_cast<double>(kept) >= kUsed * static_cast<double>(size_)) return;
      if (!divide(size_ - kept) && !peel(size_ - kept)) return;
    }
  }

 private:
  // The reduced cells that may be divided, by descending error.
  List<std::size_t> open_cells() const {
    List<std::size_t> cells;
    for (std::size_t i = 0; i < partition_.cells().size(); i++)
      if (ladder_.is_reduced(i) && std::isfinite(partition_.score(i)) && (i >= closed_.size() || !closed_[i]))
        cells.push_back(i);
    std::stable_sort(cells.begin(), cells.end(),
                     [&](std::size_t a, std::size_t b) { return partition_.score(a) > partition_.score(b); });
    return cells;
  }

  void close(std::size_t cell) {
    if (closed_.size() <= cell) closed_.resize(partition_.cells().size(), 0);
    closed_[cell] = 1;
  }

  // Divides the cells of largest error as long as about `room` more points are kept.
  bool divide(std::size_t room) {
    List<Division> made;
    List<std::size_t> fresh;
    for (const std::size_t i : open_cells()) {
      // Halves of the same rank keep as many points each.
      const std::size_t kept = ladder_.kept(i), more = std::min(kept, partition_.cells()[i].size() - kept);
      if (more > room) continue;
      Ladder::Answer before = ladder_.answer(i);
      const int node = partition_.node(i);
      if (!partition_.divide(i)) {
        close(i);
        continue;
      }
      ladder_.add_cell();
      made.push_back({i, node, std::move(before)});
      fresh.push_back(i);
      fresh.push_back(partition_.cells().size() - 1);
      room -= more;
      if (room == 0) break;
    }
    return settle(made, fresh);
  }

  // Keeps as many of the outermost points of the first cell that has them as there is room for.
  bool peel(std::size_t room) {
    for (const std::size_t i : open_cells()) {
      const std::size_t points = partition_.cells()[i].size();
      const std::size_t count = std::min({room, points / 2, ladder_.features()});
      if (count == 0) continue;
      List<Division> made;
      made.push_back({i, partition_.node(i), ladder_.answer(i)});
      partition_.peel(i, count);
      ladder_.add_cell();
      return settle(made, {i, partition_.cells().size() - 1});
    }
    return false;
  }

  // Solves the new cells, and takes divisions back that do not fit. Returns whether any remains.
  bool settle(List<Division>& made, const List<std::size_t>& fresh) {
    if (made.empty()) return false;
    ladder_.solve(fresh, threads_, monitor_);
    std::size_t kept = ladder_.kept();
    while (kept > size_) {
      const Division& last = made.back();
      kept -= ladder_.kept(last.cell) + ladder_.kept(partition_.cells().size() - 1);
      partition_.unite(last.cell, last.node);
      ladder_.drop_cell(last.cell, last.before);
      kept += ladder_.kept(last.cell);
      close(last.cell);
      made.pop_back();
    }
    return !made.empty();
  }

  Partition& partition_;
  Ladder& ladder_;
  const std::size_t size_;
  const int threads_;
  Monitor& monitor_;
  List<char> closed_;  // cells that cannot be divided, or not within the size
};

}  // namespace

std::unique_ptr<Ladder> solve_and_fill(Partition& partition, const std::function<std::unique_ptr<Ladder>()>& fresh,
                                       int threads, Monitor& monitor) {
  const std::size_t size = partition.size();
  const double bound = static_cast<double>(size);
  const auto cut_for = [&](double wanted) {
    partition.cut_again(std::clamp(static_cast<std::size_t>(wanted), size, partition.points()));
  };
  std::unique_ptr<Ladder> ladder;
  for (int cut = 0;; cut++) {
    ladder = fresh();
    const std::size_t cells = partition.cells().size();
    List<std::size_t> sample, rest;
    const std::size_t step = std::max<std::size_t>(1, std::min(kStep, cells / kSample));
    for (std::size_t i = 0; i < cells; i++) (cells >= kFewCells && i % step == step / 2 ? sample : rest).push_back(i);
    if (!sample.empty()) {
      ladder->solve(sample, threads, monitor);
      const Estimate kept = estimate(*ladder, sample);
      double cost = 0;
      for (std::size_t i = 0; i < cells; i++) cost += static_cast<double>(ladder->cost(i));
      const double expected = kept.share * cost, doubt = kept.error * cost;
      const bool too_many = partition.size() > size && expected > kAim * bound;
      if (cut < kMostCuts && (too_many || expected + doubt < kUsed * bound)) {
        const double aim = kAim * bound - std::min(doubt, kMostDoubt * bound);
        cut_for(static_cast<double>(partition.size()) * aim / expected);
        continue;
      }
    }
    ladder->solve(rest, threads, monitor);
    const auto kept = static_cast<double>(ladder->kept());
    if (kept <= bound) break;
    // The sample was not typical. A cut for the size itself never keeps more.
    cut_for(cut < kMostCuts ? kLess * static_cast<double>(partition.size()) * bound / kept : bound);
  }
  Filler(partition, *ladder, size, threads, monitor).run();
  return ladder;
}

}  // namespace fewpoints
