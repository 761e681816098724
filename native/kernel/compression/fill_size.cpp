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
constexpr double kAim = 0.985;
// A partition of fewer cells is solved without a sample. Of more, one in kStep is solved first, and at least kSample.
constexpr std::size_t kFewCells = 48, kSample = 12, kStep = 16;
constexpr int kMostCuts = 5, kMostRounds = 8;

std::size_t kept_by(const Ladder& ladder, const List<std::size_t>& cells) {
  std::size_t kept = 0;
  for (const std::size_t i : cells) kept += ladder.kept(i);
  return kept;
}

struct Estimate {
  double share = 1, error = 0;  // of the cost of the cells that is kept
};

// The answers of a cut, from those of a sample of its cells.
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
      const std::size_t kept = kept_by(ladder_, partition_.all_cells());
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
    std::size_t kept = kept_by(ladder_, partition_.all_cells());
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
      const double bound = static_cast<double>(size), expected = kept.share * cost, doubt = kept.error * cost;
      const double aim = kAim * bound - std::min(doubt, 0.1 * bound);
      const bool too_many = partition.size() > size && expected > kAim * bound;
      if (cut < kMostCuts && (too_many || expected + doubt < kUsed * bound)) {
        const double next = static_cast<double>(partition.size()) * aim / expected;
        const auto limit = static_cast<double>(partition.cells().back().end);
        partition.cut_again(std::max(size, static_cast<std::size_t>(std::min(next, limit))));
        continue;
      }
    }
    ladder->solve(rest, threads, monitor);
    const std::size_t kept = kept_by(*ladder, partition.all_cells());
    if (kept <= size) break;
    // The sample was not typical.
    partition.cut_again(cut < kMostCuts ? std::max(size, static_cast<std::size_t>(
                                                             0.95 * static_cast<double>(partition.size()) *
                                                             static_cast<double>(size) / static_cast<double>(kept)))
                                        : size);
  }
  Filler(partition, *ladder, size, threads, monitor).run();
  return ladder;
}

}  // namespace fewpoints
