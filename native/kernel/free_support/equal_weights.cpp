#include "free_support/equal_weights.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/tolerances.hpp"
#include "blas/blas.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

struct Share {
  std::uint32_t row;
  double weight;
};

class Parts {
 public:
  Parts(const PointColumns& points, const List<double>& units, std::size_t count, int start, Monitor& monitor)
      : points_(points), units_(units), start_(start), monitor_(monitor), chosen_(points.dimension) {
    for (auto& column : chosen_) column.reset(count);
  }

  List<Array<double>> points_of_parts() {
    List<Share> all;
    double mass = 0;
    for (std::size_t i = 0; i < points_.count; i++) {
      const double w = points_.w ? points_.w[i] : 1;
      all.push_back({static_cast<std::uint32_t>(i), w});
      mass += w;
    }
    divide(all.data(), all.data() + all.size(), chosen_.empty() ? 0 : chosen_[0].size(), mass);
    return std::move(chosen_);
  }

 private:
  void divide(Share* begin, Share* end, std::size_t parts, double mass) {
    monitor_.check();
    if (parts <= 1) {
      if (parts == 1) start_ == 0 ? choose_mean(begin, end) : choose_member(begin, end);
      return;
    }
    const double* const x = widest(begin, end);
    const auto is_left = [x](const Share& a, const Share& b) {
      return x[a.row] != x[b.row] ? x[a.row] < x[b.row] : a.row < b.row;
    };
    const std::size_t left_parts = parts / 2;
    const double left_mass = mass * static_cast<double>(left_parts) / static_cast<double>(parts);
    // [begin, low) lies left of the cut, and [high, end) right of it.
    Share *low = begin, *high = end;
    double before = 0;
    while (high - low > 1) {
      Share* const middle = low + (high - low) / 2;
      std::nth_element(low, middle, high, is_left);
      double sum = 0;
      for (const Share* s = low; s < middle; s++) sum += s->weight;
      if (before + sum <= left_mass) {
        before += sum;
        low = middle;
      } else {
        high = middle;
      }
    }
    {
      List<Share> left(begin, low);
      const double shared = std::clamp(left_mass - before, 0.0, low->weight);
      if (shared > 0 || left.empty()) left.push_back({low->row, shared});
      low->weight -= shared;
      divide(left.data(), left.data() + left.size(), left_parts, left_mass);
    }
    divide(low, end, parts - left_parts, mass - left_mass);
  }

  const double* widest(const Share* begin, const Share* end) const {
    const double* best = points_.x[0];
    double most = -1;
    for (int a = 0; a < points_.dimension; a++) {
      double low = HUGE_VAL, high = -HUGE_VAL;
      for (const Share* s = begin; s < end; s++) {
        low = std::min(low, points_.x[a][s->row]);
        high = std::max(high, points_.x[a][s->row]);
      }
      const double side = high * units_[a] - low * units_[a];
      if (side > most) {
        most = side;
        best = points_.x[a];
      }
    }
    return best;
  }

  void choose_mean(const Share* begin, const Share* end) {
    for (int a = 0; a < points_.dimension; a++) {
      const double* const x = points_.x[a];
      const double origin = x[begin->row];
      double sum = 0, mass = 0, low = origin, high = origin;
      for (const Share* s = begin; s < end; s++) {
        sum += s->weight * (x[s->row] - origin);
        mass += s->weight;
        low = std::min(low, x[s->row]);
        high = std::max(high, x[s->row]);
      }
      chosen_[a][at_] = mass > 0 ? std::clamp(origin + sum / mass, low, high) : origin;
    }
    at_++;
  }

  // One of the points, by their weights; at places that are even over the parts, and others with each start.
  void choose_member(const Share* begin, const Share* end) {
    constexpr double kGolden = 0.6180339887498949;
    const double place = kGolden * static_cast<double>(at_ + 1) + 0.5 * kGolden * static_cast<double>(start_);
    double mass = 0;
    for (const Share* s = begin; s < end; s++) mass += s->weight;
    double left = mass * (place - std::floor(place));
    const Share* chosen = begin;
    while (chosen + 1 < end && left > chosen->weight) left -= (chosen++)->weight;
    for (int a = 0; a < points_.dimension; a++) chosen_[a][at_] = points_.x[a][chosen->row];
    at_++;
  }

  const PointColumns& points_;
  const List<double>& units_;
  const int start_;
  Monitor& monitor_;
  List<Array<double>> chosen_;
  std::size_t at_ = 0;  // the next part
};

// Nodes whose derivatives are formed at once.
constexpr std::size_t kBlock = 256;
// Of the moments, relative to the sum of their terms.
constexpr double kExact = kEpsilon;
constexpr int kMostSteps = 60;
// The first start takes the means of the parts. They lie too near together where a tail is heavy, and in too regular a
// pattern where the set is even. The others take a point of each part.
constexpr int kStarts = 8;
// Added to the diagonal of the square of the derivatives, relative to its largest entry: a little, because moments may
// depend on each other; more where that step does not help (Levenberg, Marquardt).
constexpr double kRidges[] = {1e-14, 1e-8, 1e-6, 1e-4, 1e-2};
constexpr double kShortestStep = 0.2;
// A step is taken when it leaves at most this share of the residual.
constexpr double kProgress = 0.95;

class Newton {
 public:
  Newton(const PointColumns& points, const PolynomialSpace& space, const List<double>& units, std::size_t count,
         int threads, Monitor& monitor)
      : points_(points),
        units_(units),
        count_(count),
        threads_(threads),
        monitor_(monitor),
        basis_(points, space, OrthonormalBasis::kDegenerateWidth, threads, monitor),
        shape_(basis_.basis().shape()),
        N_(shape_.count),
        target_(basis_.basis().sums(points.x, points.w, points.count, threads, monitor, Stage::Recombine)),
        weight_(target_.high[0] / static_cast<double>(count)),
        weights_(count),
        scale_(N_),
        low_(points.dimension),
        high_(points.dimension),
        values_(shape_.dimension * (shape_.order + 1)),
        slopes_(shape_.dimension * (shape_.order + 1)) {
    std::fill_n(weights_.data(), count, weight_);
    for (int e = 0; e < N_; e++) scale_[e] = 1 / std::max(target_.magnitude[e], target_.high[0]);
    for (int a = 0; a < points.dimension; a++) {
      const auto [low, high] = std::minmax_element(points.x[a], points.x[a] + points.count);
      low_[a] = *low;
      high_[a] = *high;
    }
  }

  bool solve(List<Array<double>>& x) {
    double now = measure(x), largest = largest_;
    for (int step = 0; step < kMostSteps && now > kExact; step++) {
      monitor_.check();
      const double then = step_from(x, now);
      if (!(then < now)) break;
      now = then;
      largest = largest_;
    }
    return largest <= kAcceptedResidual;
  }

 private:
  // Moves x, if there is a step that makes the residual smaller. Returns the residual.
  double step_from(List<Array<double>>& x, double now) {
    square_derivatives(x);
    const Eigen::VectorXd residual = residual_;
    for (const double ridge : kRidges) {
      const List<Array<double>> direction = newton_step(x, residual, ridge);
      for (double length = 1; length >= kShortestStep; length *= 0.5) {
        List<Array<double>> moved = along(x, direction, length);
        const double then = measure(moved);
        if (!(then < kProgress * now)) continue;
        x = std::move(moved);
        return then;
      }
    }
    return HUGE_VAL;
  }

  // Sets the residual of x, each entry relative to the sum of the terms, and returns its length.
  double measure(const List<Array<double>>& x) {
    List<const double*> columns;
    for (const auto& column : x) columns.push_back(column.data());
    const DoubleDoubleSums sums =
        basis_.basis().sums(columns.data(), weights_.data(), count_, threads_, monitor_, Stage::Recombine);
    residual_.setZero(N_);
    for (int e = 0; e < N_; e++) residual_[e] = static_cast<double>(target_[e] - sums[e]) * scale_[e];
    const double length = residual_.norm();
    if (!std::isfinite(length)) return HUGE_VAL;
    largest_ = residual_.cwiseAbs().maxCoeff();
    return length;
  }

  // J J', the lower triangle.
  void square_derivatives(const List<Array<double>>& x) {
    const std::size_t m = usize(points_.dimension), N = usize(N_);
    Array<double> rows(kBlock * m * N);
    BlasScratch scratch(kBlock * m, N);
    square_.setZero(N_, N_);
    for (std::size_t first = 0; first < count_; first += kBlock) {
      monitor_.check();
      const std::size_t many = std::min(kBlock, count_ - first);
      derivatives(x, first, many, rows.data());
      add_square(square_.data(), rows.data(), many * m, N, scratch);
    }
  }

  // The shortest step, in units, that answers the residual to first order: J' (J J')^-1 r.
  List<Array<double>> newton_step(const List<Array<double>>& x, const Eigen::VectorXd& residual, double ridge) {
    const std::size_t m = usize(points_.dimension);
    Eigen::MatrixXd G = square_.selfadjointView<Eigen::Lower>();
    monitor_.check();
    G.diagonal().array() += ridge * G.diagonal().maxCoeff();
    const Eigen::VectorXd multipliers = G.ldlt().solve(residual);
    Array<double> rows(kBlock * m * usize(N_));
    List<Array<double>> direction(m);
    for (auto& column : direction) column.reset(count_);
    for (std::size_t first = 0; first < count_; first += kBlock) {
      monitor_.check();
      const std::size_t many = std::min(kBlock, count_ - first);
      derivatives(x, first, many, rows.data());
      const Eigen::VectorXd step =
          Eigen::Map<Eigen::MatrixXd>(rows.data(), narrow<Eigen::Index>(many * m), N_) * multipliers;
      for (std::size_t i = 0; i < many; i++)
        for (std::size_t a = 0; a < m; a++)
          direction[a][first + i] = step[narrow<Eigen::Index>(i * m + a)] * room(x, first + i, narrow<int>(a));
    }
    return direction;
  }

  // The derivatives of the moments by the coordinates of some points, in units: (many m) x N, column-major.
  void derivatives(const List<Array<double>>& x, std::size_t first, std::size_t many, double* out) {
    const int m = points_.dimension, axes = shape_.dimension;
    const std::size_t rows = many * usize(m);
    List<double> phi(N_), gradient(N_ * axes);
    for (std::size_t i = 0; i < many; i++) {
      evaluate(x, first + i, phi, gradient);
      for (int e = 0; e < N_; e++)
        for (int a = 0; a < m; a++) {
          double sum = 0;
          for (int j = 0; j < axes; j++) sum += gradient[e * axes + j] * factor(j, a);
          out[usize(e) * rows + i * usize(m) + usize(a)] =
              units_[a] > 0 ? scale_[e] * weight_ * sum * room(x, first + i, a) / units_[a] : 0;
        }
    }
  }

  // Steps are measured in units times this: shorter near the sides of the box, which points should not run into.
  double room(const List<Array<double>>& x, std::size_t i, int a) const {
    constexpr double kAtSide = 0.05;
    const double side = high_[a] - low_[a], distance = std::min(x[a][i] - low_[a], high_[a] - x[a][i]);
    return side > 0 ? kAtSide + distance / side : 0;
  }

  // dt_j / dx_a.
  double factor(int j, int a) const {
    if (shape_.from != nullptr) return shape_.from[j] == a ? shape_.map[j] : 0;
    if (shape_.map != nullptr) return shape_.map[j * shape_.columns + a];
    return j == a ? shape_.scale[a] : 0;
  }

  // All features of one point, and their derivatives by the local coordinates.
  void evaluate(const List<Array<double>>& x, std::size_t i, List<double>& phi, List<double>& gradient) {
    const int axes = shape_.dimension, k = shape_.order;
    for (int j = 0; j < axes; j++) {
      double t = 0;
      for (int a = 0; a < shape_.columns; a++) t += factor(j, a) * (x[a][i] - shape_.centre[a]);
      double* const p = &values_[j * (k + 1)];
      double* const d = &slopes_[j * (k + 1)];
      p[0] = 1;
      d[0] = 0;
      for (int q = 0; q < k; q++) {
        const double u = shape_.a[j * k + q], v = shape_.b[j * k + q], c = shape_.c[j * k + q];
        p[q + 1] = (u * t + v) * p[q] - (q > 0 ? c * p[q - 1] : 0);
        d[q + 1] = u * p[q] + (u * t + v) * d[q] - (q > 0 ? c * d[q - 1] : 0);
      }
    }
    phi[0] = 1;
    for (int j = 0; j < axes; j++) gradient[j] = 0;
    for (int e = 1; e < N_; e++) {
      const int parent = shape_.parent[e], axis = shape_.axis[e], at = axis * (k + 1) + shape_.degree[e];
      phi[e] = phi[parent] * values_[at];
      for (int j = 0; j < axes; j++) gradient[e * axes + j] = gradient[parent * axes + j] * values_[at];
      gradient[e * axes + axis] += phi[parent] * slopes_[at];
    }
  }

  // No point leaves the box.
  List<Array<double>> along(const List<Array<double>>& x, const List<Array<double>>& direction, double length) const {
    List<Array<double>> moved(x.size());
    for (std::size_t a = 0; a < x.size(); a++) {
      moved[a].reset(count_);
      const double unit = units_[a] > 0 ? 1 / units_[a] : 0;
      for (std::size_t i = 0; i < count_; i++)
        moved[a][i] = std::clamp(x[a][i] + length * direction[a][i] * unit, low_[a], high_[a]);
    }
    return moved;
  }

  const PointColumns& points_;
  const List<double>& units_;
  const std::size_t count_;
  const int threads_;
  Monitor& monitor_;
  const OrthonormalBasis basis_;
  const BasisShape& shape_;
  const int N_;
  const DoubleDoubleSums target_;
  const double weight_;
  Array<double> weights_;
  List<double> scale_, low_, high_, values_, slopes_;
  Eigen::MatrixXd square_;
  Eigen::VectorXd residual_;
  double largest_ = HUGE_VAL;  // entry of the last residual that was measured
};

}  // namespace

List<Array<double>> equal_points_of(const PointColumns& points, const PolynomialSpace& space, const List<double>& units,
                                    std::size_t count, int threads, Monitor& monitor) {
  Newton newton(points, space, units, count, threads, monitor);
  for (int start = 0; start < kStarts; start++) {
    List<Array<double>> x = Parts(points, units, count, start, monitor).points_of_parts();
    if (newton.solve(x)) return x;
  }
  return {};
}

}  // namespace fewpoints
