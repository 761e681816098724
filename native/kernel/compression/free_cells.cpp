#include "compression/free_cells.hpp"

#include <algorithm>
#include <cmath>

#include "compression/hull.hpp"
#include "compression/ladder.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"
#include "simd/large_cell.hpp"

namespace fewpoints {
namespace {

// Cells per task. Lanes that are done take the next cell of the task, so there should be many; but each thread should
// have this many tasks, and of large cells one is enough.
constexpr std::size_t kCellsPerTask = 64, kFewCellsPerTask = 16, kTasksPerThread = 8;
// Of many cells, a few are solved first. Where there are fewer with free points among them than kLeastFree of those
// that keep rows, the set is one of few distinct values, or lies on a curve or a lattice.
constexpr std::size_t kManyCells = 48, kSample = 24;
constexpr double kLeastFree = 0.5;
// A cut that kept too many is made again for a little less than would do, until a share kUsed of the size is used, or
// two cuts that are this near enclose it.
constexpr double kLess = 0.99, kUsed = 0.95, kNear = 1.02;
constexpr int kMostCuts = 8;

// Row-major.
void copy(const PointColumns& points, double* x, double* w) {
  const std::size_t m = usize(points.dimension);
  for (std::size_t i = 0; i < points.count; i++) {
    for (std::size_t a = 0; a < m; a++) x[i * m + a] = points.x[a][i];
    w[i] = points.w ? points.w[i] : 1;
  }
}

Error too_light() { return {Code::Infeasible, "the weights of a cell cannot be as large as was asked for"}; }

}  // namespace

FreeCells::FreeCells(Partition& partition, const FreeSolver& solver, const PolynomialSpace& rows,
                     const FreeDemands& demands, int threads, Monitor& monitor)
    : partition_(partition),
      solver_(solver),
      rows_(rows),
      demands_(demands),
      dimension_(rows.dimension()),
      threads_(threads),
      monitor_(monitor) {}

WhyRows FreeCells::solve() {
  const std::size_t size = partition_.size();
  const auto bound = static_cast<double>(size);
  const auto cut_for = [&](double wanted) {
    partition_.cut_again(std::max<std::size_t>(1, static_cast<std::size_t>(wanted)));
  };
  // Cells that were solved keep their answers, so that a cut costs its new cells only.
  double fits = 0, too_many = HUGE_VAL, wanted = bound;  // of a cut
  for (int cut = 0; cut < kMostCuts && fits < bound; cut++) {
    if (!solve_new_cells()) return WhyRows::Cells;
    const auto now = static_cast<double>(kept());
    (now <= bound ? fits : too_many) = wanted;
    if ((now <= bound && now >= kUsed * bound) || partition_.cells().size() == 1 || too_many < fits * kNear) break;
    if (fits == bound) break;
    wanted *= kLess * bound / now;
    if (!(wanted > fits && wanted < too_many)) wanted = 0.5 * (fits + too_many);
    cut_for(wanted);
  }
  if (fits == 0) return too_few() ? WhyRows::Cells : WhyRows::Size;
  if (fits != wanted || kept() > size) {
    cut_for(fits);
    if (!solve_new_cells()) return WhyRows::Cells;
    if (kept() > size) return WhyRows::Size;
  }
  return too_few() ? WhyRows::Cells : WhyRows::None;
}

bool FreeCells::too_few() const {
  return static_cast<double>(free_cells()) < kLeastFree * static_cast<double>(row_cells());
}

// False: a sample of the first cells had too few with free points.
bool FreeCells::solve_new_cells() {
  const std::size_t cells = partition_.cells().size();
  int last = 0;
  for (std::size_t i = 0; i < cells; i++) last = std::max(last, partition_.node(i));
  if (answers_.size() <= usize(last)) answers_.resize(last + 1);
  List<std::size_t> sample, rest;
  const bool sampled = memory_.empty() && cells >= kManyCells;
  const std::size_t step = std::max<std::size_t>(1, cells / kSample);
  for (std::size_t i = 0; i < cells; i++)
    if (answer(i).kind == Kind::None) (sampled && i % step == step / 2 ? sample : rest).push_back(i);
  solve(sample);
  if (sampled && too_few()) return false;
  solve(rest);
  return true;
}

PointColumns FreeCells::points_of(std::size_t cell, List<const double*>& x) const {
  const CellRange& range = partition_.cells()[cell];
  x.resize(dimension_);
  for (int a = 0; a < dimension_; a++) x[a] = partition_.column(a) + range.begin;
  const double* w = partition_.weights();
  return {x.data(), w ? w + range.begin : nullptr, range.size(), dimension_};
}

void FreeCells::solve(const List<std::size_t>& cells) {
  if (cells.empty()) return;
  const std::size_t nodes = usize(solver_.nodes()), m = usize(dimension_), each = nodes * (m + 1);
  memory_.emplace_back();
  Array<double>& memory = memory_.back();
  memory.reset(product(cells.size(), each));
  List<unsigned char> unsolved(cells.size(), 0);
  const std::size_t least = solver_.features() >= kManyMoments ? 1 : kFewCellsPerTask;
  const std::size_t per_task =
      std::clamp(cells.size() / (kTasksPerThread * usize(std::max(threads_, 1))), least, kCellsPerTask);
  parallel_for((cells.size() + per_task - 1) / per_task, threads_, monitor_, Stage::Recombine,
               [&](std::size_t task, int) {
                 const std::size_t first = task * per_task, end = std::min(cells.size(), first + per_task);
                 List<FreeCell> batch;
                 List<List<const double*>> columns(per_task);
                 List<std::size_t> places;
                 for (std::size_t j = first; j < end; j++) {
                   double *const x = memory.data() + j * each, *const w = x + nodes * m;
                   const PointColumns points = points_of(cells[j], columns[j - first]);
                   if (points.count <= nodes) {
                     copy(points, x, w);
                     if (has_light_weights(w, points.count, demands_.minimum_weight)) throw too_light();
                     answers_[partition_.node(cells[j])] = {x, w, points.count, Kind::Copied};
                     continue;
                   }
                   batch.push_back({points, cells[j], x, w});
                   places.push_back(j);
                 }
                 solver_.solve(batch, monitor_);
                 for (std::size_t b = 0; b < batch.size(); b++)
                   if (batch[b].solved && is_wanted(batch[b]))
                     answers_[partition_.node(batch[b].number)] = {batch[b].x, batch[b].w, nodes, Kind::Free};
                   else
                     unsolved[places[b]] = 1;
               });
  List<std::size_t> left;
  for (std::size_t j = 0; j < cells.size(); j++)
    if (unsolved[j]) left.push_back(cells[j]);
  keep_rows(left);
}

bool FreeCells::is_wanted(const FreeCell& cell) const {
  const std::size_t nodes = usize(solver_.nodes());
  return !has_light_weights(cell.w, nodes, demands_.minimum_weight) &&
         (!demands_.hull || is_in_hull(cell.points, cell.x, nodes, monitor_));
}

void FreeCells::keep_rows(const List<std::size_t>& cells) {
  if (cells.empty()) return;
  Ladder ladder(partition_, rows_, rows_, true);
  ladder.solve(cells, threads_, monitor_);
  if (demands_.minimum_weight > 0 && ladder.raise_weights(demands_.minimum_weight, threads_, monitor_) > 0)
    throw too_light();
  List<const double*> columns;
  for (const std::size_t cell : cells) {
    const Support support = ladder.support(cell);
    const PointColumns points = points_of(cell, columns);
    const std::size_t count = support.indices.size(), m = usize(dimension_);
    Array<double> memory(product(count, m + 1));
    double *const x = memory.data(), *const w = x + count * m;
    for (std::size_t i = 0; i < count; i++) {
      for (std::size_t a = 0; a < m; a++) x[i * m + a] = points.x[a][support.indices[i]];
      w[i] = support.weights[i];
    }
    memory_.push_back(std::move(memory));
    answers_[partition_.node(cell)] = {x, w, count, Kind::Rows};
  }
}

std::size_t FreeCells::count(Kind kind) const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < partition_.cells().size(); i++) n += answer(i).kind == kind ? std::size_t{1} : 0;
  return n;
}

std::size_t FreeCells::kept() const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < partition_.cells().size(); i++) n += answer(i).count;
  return n;
}

CellResults::Columns FreeCells::columns() const {
  const PartTimer timer(Part::Gathering);
  const std::size_t cells = partition_.cells().size(), tasks = (cells + kCellsPerTask - 1) / kCellsPerTask;
  List<std::size_t> starts(tasks + 1, std::size_t{0});
  for (std::size_t i = 0; i < cells; i++) starts[i / kCellsPerTask + 1] += answer(i).count;
  for (std::size_t t = 0; t < tasks; t++) starts[t + 1] += starts[t];
  CellResults::Columns out;
  out.x.resize(dimension_);
  for (auto& x : out.x) {
    x.reset(starts[tasks]);
    out.pointers.push_back(x.data());
  }
  out.w.reset(starts[tasks]);
  parallel_for(tasks, threads_, monitor_, Stage::Recombine, [&](std::size_t t, int) {
    std::size_t to = starts[t];
    for (std::size_t i = t * kCellsPerTask; i < std::min(cells, (t + 1) * kCellsPerTask); i++) {
      const Answer& from = answer(i);
      for (std::size_t j = 0; j < from.count; j++)
        for (int a = 0; a < dimension_; a++) out.x[a][to + j] = from.x[j * usize(dimension_) + usize(a)];
      std::copy_n(from.w, from.count, out.w.data() + to);
      to += from.count;
    }
  });
  return out;
}

}  // namespace fewpoints
