#include "recombination/basic_solution.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// The least number of single points. The source says how many pay: with fewer, groups enter the basis and have to be
// split; with more, elimination costs more.
constexpr std::size_t kMinSingles = 32;
// The number of groups is at least a quarter of the features. There are more where that keeps groups below this number
// of rows, so that threads share the work, a cancel is noticed and parts are small. But there are no more than the
// larger of 256 and the number of features.
constexpr std::size_t kRowsPerGroup = 2048, kCheapGroups = 256;
// From this many features on the tableau takes most of the memory. It then has two columns per feature.
constexpr std::size_t kWide = 3000;
// A pivot of at least this size, in rows of largest entry 1, leaves no doubt about the rank, and enough digits to
// refine.
constexpr double kSafePivot = 1e-8;
// Complete pivoting is used up to kMaxComplete features. With more, its passes over a tableau larger than the cache
// take too long. After elimination row by row has failed kStartsRowByRow times, complete pivoting pays for up to
// kMaxCompleteLater features.
constexpr std::size_t kMaxComplete = 384, kMaxCompleteLater = 1024;
constexpr int kStartsRowByRow = 3;
// Weights over very many decades can wear out the inverse. Every state on the way is feasible, so the walk then starts
// again from the present state, with a fresh elimination of the columns that are left.
constexpr int kMaxStarts = 6;
// The most parts that a group is split into at a time, if there is room.
constexpr std::size_t kMaxParts = 32;

// Other threads are woken for at least this many feature values.
constexpr double kParallelWork = 2e5;
// The batches per thread whose sums are held at a time.
constexpr std::size_t kHeldBatches = 16;

}  // namespace

ProductSource::ProductSource(const BasisShape& shape, const double* const* x, const double* w, std::size_t count,
                             List<double> centre, List<double> inverse)
    : centre_(std::move(centre)), inverse_(std::move(inverse)), x_(x), w_(w), count_(count) {
  // A feature with a power of the last axis is that power times its parent, which has no power of it.
  const int last = shape.dimension - 1, N = shape.count;
  List<int> lower_of(N, -1);
  List<List<int>> children(N);
  for (int e = 1; e < N; e++)
    if (shape.axis[e] == last) children[shape.parent[e]].push_back(e);
  for (int e = 0; e < N; e++) {
    if (e > 0 && shape.axis[e] == last) continue;
    lower_of[e] = static_cast<int>(lower_parent_.size());
    lower_parent_.push_back(e == 0 ? 0 : lower_of[shape.parent[e]]);
    lower_factor_.push_back(e == 0 ? 0 : shape.axis[e] * (shape.order + 1) + shape.degree[e]);
    std::sort(children[e].begin(), children[e].end(), [&](int f, int g) { return shape.degree[f] < shape.degree[g]; });
    powers_.push_back(1 + static_cast<int>(children[e].size()));
    place_.push_back(e);
    place_.insert(place_.end(), children[e].begin(), children[e].end());
  }
  shape_ = {shape.dimension,
            shape.order,
            N,
            static_cast<int>(lower_parent_.size()),
            lower_parent_.data(),
            lower_factor_.data(),
            powers_.data(),
            place_.data(),
            shape.a,
            shape.b,
            shape.c,
            centre_.data(),
            inverse_.data()};
}

void ProductSource::sums(const Segment* segments, const std::uint32_t* first, int columns, bool weighted, double* out,
                         std::size_t stride, double* scratch, DoubleDoubleSums*) const {
  simd().group_sums(shape_, x_, weighted ? w_ : nullptr, segments, first, columns, out, stride, scratch);
}

BasicSolutionFinder::BasicSolutionFinder(const FeatureSource& source, int threads, Monitor& monitor, double tolerance)
    : source_(source),
      threads_(threads),
      monitor_(monitor),
      tolerance_(tolerance),
      target_(source.width()),
      safe_(tolerance >= kRankTolerance) {}

ColumnCounts column_counts(std::size_t n, std::size_t features, double singles_per_feature) {
  ColumnCounts counts{
      std::max(static_cast<std::size_t>(singles_per_feature * static_cast<double>(features)), kMinSingles),
      std::clamp(n / kRowsPerGroup, std::max(features / 4, kMinSingles / 2), std::max(features, kCheapGroups))};
  if (features >= kWide) counts = {features + features / 2, features / 2};
  if (n <= counts.singles + counts.groups) counts = {n, 0};
  counts.groups = std::min(counts.groups, counts.singles);
  return counts;
}

// Cuts the rows into equal runs. The first row of positive weight in each run is a column of its own, and the rest of
// neighbouring runs is a group. When points are sorted in space, singles and groups both spread over all of it.
void BasicSolutionFinder::choose_columns() {
  const std::size_t n = source_.count(), N = usize(source_.width());
  const double* w = source_.weights();
  const auto positive = [&](std::size_t i) { return w == nullptr || w[i] > 0; };
  const auto [singles, groups] = column_counts(n, N, source_.singles_per_feature());
  const auto take = [&](std::size_t begin, std::size_t end, std::size_t rows, bool weighted) {
    columns_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), rows, weighted});
  };
  segments_.reserve(2 * singles + groups);
  columns_.reserve(singles + groups);
  List<std::size_t> alone(singles);
  for (std::size_t i = 0; i < singles; i++) {
    const std::size_t end = (i + 1) * n / singles;
    std::size_t at = i * n / singles;
    while (at < end && !positive(at)) at++;
    alone[i] = at;
    if (at == end) continue;
    take(segments_.size(), segments_.size() + 1, 1, false);
    segments_.push_back({at, at + 1});
  }
  singles_ = columns_.size();
  for (std::size_t g = 0; g < groups; g++) {
    const std::size_t begin = segments_.size();
    std::size_t rows = 0;
    const auto add = [&](std::size_t from, std::size_t to) {
      if (from >= to) return;
      rows += to - from;
      if (segments_.size() > begin && segments_.back().end == from)
        segments_.back().end = to;
      else
        segments_.push_back({from, to});
    };
    for (std::size_t i = g * singles / groups; i < (g + 1) * singles / groups; i++) {
      add(i * n / singles, std::min(alone[i], (i + 1) * n / singles));
      add(alone[i] + 1, (i + 1) * n / singles);
    }
    if (rows > 0) take(begin, segments_.size(), rows, true);
  }
}

// Fills columns in batches of kBlock, singles and groups apart. measure: their sums become the target.
void BasicSolutionFinder::fill(const List<Column>& columns, double* out, std::size_t stride, bool measure) {
  struct Batch {
    std::size_t begin, end;
  };
  List<Batch> batches;
  std::size_t work = 0;
  for (std::size_t c = 0; c < columns.size(); c++) {
    if (batches.empty() || c - batches.back().begin == FeatureSource::kBlock ||
        columns[c].weighted != columns[batches.back().begin].weighted)
      batches.push_back({c, c});
    batches.back().end = c + 1;
    work += columns[c].rows;
  }
  const bool exact = measure && source_.exact();
  const int team = static_cast<double>(work) * source_.width() > kParallelWork ? threads_ : 1;
  // One thread adds the sums of a batch to the target at once. Several threads hold those of a few batches, which are
  // then added in the same order.
  const std::size_t wave = team == 1 ? batches.size() : usize(team) * kHeldBatches;
  const std::size_t width = usize((source_.width() + 7) / 8 * 8);
  List<DoubleDoubleSums> parts(exact ? (team == 1 ? 1 : std::min(wave, batches.size())) : 0,
                               DoubleDoubleSums(static_cast<int>(width)));
  const auto add = [&](DoubleDoubleSums& part) {
    target_.add(part);
    for (List<double>* sum : {&part.high, &part.low, &part.magnitude}) std::fill(sum->begin(), sum->end(), 0.0);
  };
  List<Array<double>> scratch(std::max(team, 1));
  List<List<Segment>> gathered(std::max(team, 1));
  for (std::size_t start = 0; start < batches.size(); start += wave) {
    const std::size_t held = std::min(wave, batches.size() - start);
    parallel_for(held, team, monitor_, Stage::Recombine, [&](std::size_t i, int thread) {
      if (scratch[thread].size() == 0) scratch[thread].reset(source_.scratch_size());
      const Batch& batch = batches[start + i];
      List<Segment>& segments = gathered[thread];
      segments.clear();
      std::uint32_t first[FeatureSource::kBlock + 1] = {};
      for (std::size_t c = batch.begin; c < batch.end; c++) {
        segments.insert(segments.end(), segments_.begin() + columns[c].begin, segments_.begin() + columns[c].end);
        first[c - batch.begin + 1] = static_cast<std::uint32_t>(segments.size());
      }
      DoubleDoubleSums* part = exact ? &parts[team == 1 ? 0 : i] : nullptr;
      source_.sums(segments.data(), first, static_cast<int>(batch.end - batch.begin), columns[batch.begin].weighted,
                   out + batch.begin, stride, scratch[thread].data(), part);
      if (exact && team == 1) add(*part);
    });
    if (exact && team > 1)
      for (std::size_t i = 0; i < held; i++) add(parts[i]);
  }
}

bool BasicSolutionFinder::run() {
  choose_columns();
  const std::size_t N = usize(source_.width());
  tableau_ = std::make_unique<BlockedTableau>(N, columns_.size());
  List<double> multipliers(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); c++)
    multipliers[c] = columns_[c].weighted || source_.weights() == nullptr
                         ? 1
                         : source_.weights()[segments_[columns_[c].begin].begin];
  fill(columns_, tableau_->column(0), tableau_->stride(), true);
  if (!source_.exact()) {
    Array<double> padded(tableau_->stride());
    std::fill_n(std::copy(multipliers.begin(), multipliers.end(), padded.data()), padded.size() - multipliers.size(),
                0.0);
    for (std::size_t e = 0; e < N; e++)
      simd().weighted_sum(tableau_->column(e * tableau_->stride()), padded.data(), tableau_->stride(), &target_.high[e],
                          &target_.low[e]);
  }
  for (std::size_t e = 0; e < N; e++)
    if (!std::isfinite(target_.high[e] + target_.magnitude[e])) return false;

  bool filled = true;
  for (int attempt = 1; attempt <= kMaxStarts; attempt++) {
    const auto begin = [&] {
      if (!filled) fill(columns_, tableau_->column(0), tableau_->stride(), false);
      filled = false;
      tableau_->begin(columns_.size(), singles_, multipliers.data(), threads_, monitor_);
    };
    begin();
    const bool tried = safe_ && columns_.size() >= N;
    safe_ = tried && tableau_->eliminate(singles_ >= N, kSafePivot, false, threads_, monitor_);
    if (!safe_) {
      if (tried) begin();
      if (N <= (attempt <= kStartsRowByRow ? kMaxComplete : kMaxCompleteLater))
        tableau_->eliminate_completely(tolerance_, threads_, monitor_);
      else
        tableau_->eliminate(false, tolerance_, true, threads_, monitor_);
    }
    rank_ = std::max(rank_, tableau_->rank());
    const bool last = attempt == kMaxStarts;
    bool good = tableau_->walk(last, threads_, monitor_);
    if (good && !safe_ && rebuild(multipliers)) {
      attempt = 0;
      continue;
    }
    while (good) {
      const int groups = split_groups();
      if (groups == 0) {
        collect();
        return true;
      }
      good = groups > 0 && tableau_->walk(last, threads_, monitor_);
    }
    List<std::uint32_t> present;
    tableau_->present(present, multipliers);
    List<Column> left;
    for (const std::uint32_t c : present) left.push_back(columns_[c]);
    columns_ = std::move(left);
    singles_ = 0;
    safe_ = false;
    if (columns_.empty()) break;
  }
  return false;
}

// Cuts the rows of a group into equal parts. If some parts were single rows, as at the start, the number of groups
// would hardly fall where single rows do not suffice. With equal parts, a few levels of splitting always reach the end.
List<BasicSolutionFinder::Column> BasicSolutionFinder::parts_of(const Column& group, std::size_t parts) {
  List<Column> out;
  parts = std::min(parts, group.rows);
  std::uint32_t segment = group.begin;
  std::size_t at = segments_[segment].begin, done = 0;
  for (std::size_t j = 0; j < parts; j++) {
    const auto begin = narrow<std::uint32_t>(segments_.size());
    std::size_t left = (j + 1) * group.rows / parts - done;
    done += left;
    Column part{begin, begin, left, true};
    while (left > 0) {
      const std::size_t size = std::min(left, segments_[segment].end - at);
      segments_.push_back({at, at + size});
      left -= size;
      at += size;
      if (at == segments_[segment].end && ++segment < group.end) at = segments_[segment].begin;
    }
    part.end = narrow<std::uint32_t>(segments_.size());
    out.push_back(part);
  }
  return out;
}

// For dependent features. Which features depend on others depends on the columns, and a group may hide a difference
// between its rows. So the groups in the basis are split, and elimination starts again with all columns that are left.
// False: the basis has no group.
bool BasicSolutionFinder::rebuild(List<double>& multipliers) {
  std::size_t groups = 0, kept = 0;
  for (std::size_t r = 0; r < tableau_->rows(); r++) {
    if (tableau_->basic(r) < 0 || !(tableau_->weight(r) > 0)) continue;
    kept++;
    if (columns_[tableau_->basic(r)].rows > 1) groups++;
  }
  if (groups == 0) return false;
  const std::size_t most = (tableau_->room() - (kept - groups)) / groups;
  List<Column> next;
  multipliers.clear();
  for (std::size_t r = 0; r < tableau_->rows(); r++) {
    if (tableau_->basic(r) < 0 || !(tableau_->weight(r) > 0)) continue;
    for (const Column& part : parts_of(columns_[tableau_->basic(r)], most)) {
      next.push_back(part);
      next.back().weighted = columns_[tableau_->basic(r)].weighted;
      multipliers.push_back(tableau_->weight(r));
    }
  }
  columns_ = std::move(next);
  singles_ = 0;
  return true;
}

// Returns the number of groups that were in the basis; -1 when one of them could not be replaced.
int BasicSolutionFinder::split_groups() {
  List<std::size_t> rows;
  for (std::size_t r = 0; r < tableau_->rows(); r++)
    if (tableau_->basic(r) >= 0 && columns_[tableau_->basic(r)].rows > 1 && tableau_->weight(r) > 0) rows.push_back(r);
  if (rows.empty()) return 0;
  const List<std::uint32_t> free = tableau_->free_columns();
  if (free.size() < 2) return -1;
  rows.resize(std::min(rows.size(), free.size() / 2));
  const std::size_t most = std::clamp<std::size_t>(free.size() / rows.size(), 2, kMaxParts);
  List<BlockedTableau::Split> splits;
  List<Column> fine;
  std::size_t used = 0;
  for (const std::size_t r : rows) {
    BlockedTableau::Split split{r, {}};
    for (const Column& part : parts_of(columns_[tableau_->basic(r)], most)) {
      split.at.push_back(free[used++]);
      fine.push_back(part);
    }
    splits.push_back(std::move(split));
  }
  std::size_t j = 0;
  for (const BlockedTableau::Split& split : splits)
    for (const std::uint32_t c : split.at) columns_[c] = fine[j++];
  const auto features = [&](std::size_t first, std::size_t count, double* out, std::size_t stride) {
    const auto from = fine.begin() + static_cast<std::ptrdiff_t>(first);
    fill(List<Column>(from, from + static_cast<std::ptrdiff_t>(count)), out, stride, false);
  };
  return tableau_->replace(splits, features, threads_, monitor_) ? static_cast<int>(rows.size()) : -1;
}

void BasicSolutionFinder::collect() {
  const double* w = source_.weights();
  for (std::size_t r = 0; r < tableau_->rows(); r++) {
    const int c = tableau_->basic(r);
    if (c < 0 || !(tableau_->weight(r) > 0)) continue;
    const std::size_t row = segments_[columns_[c].begin].begin;
    const double weight = tableau_->weight(r) * (columns_[c].weighted && w != nullptr ? w[row] : 1);
    if (!(weight > 0)) continue;
    indices_.push_back(static_cast<std::uint32_t>(row));
    weights_.push_back(weight);
    support_rows_.push_back(r);
  }
}

double BasicSolutionFinder::refined_step(const DoubleDoubleSums& target, const DoubleDoubleSums& sums,
                                         List<double>& change) {
  const std::size_t N = usize(source_.width());
  List<double> residual(N), all(N, 0.0);
  double worst = 0;
  for (std::size_t e = 0; e < N; e++) {
    residual[e] = static_cast<double>(target[static_cast<int>(e)] - sums[static_cast<int>(e)]);
    const double relative =
        target.magnitude[e] > 0 ? std::fabs(residual[e]) / target.magnitude[e] : (residual[e] == 0 ? 0 : HUGE_VAL);
    worst = std::isnan(relative) ? HUGE_VAL : std::max(worst, relative);
  }
  tableau_->correct(residual, all, threads_, monitor_);
  const double* w = source_.weights();
  for (std::size_t i = 0; i < change.size(); i++) {
    const std::size_t r = support_rows_[i];
    change[i] = all[r] * (columns_[tableau_->basic(r)].weighted && w != nullptr ? w[indices_[i]] : 1);
  }
  return worst;
}

}  // namespace fewpoints
