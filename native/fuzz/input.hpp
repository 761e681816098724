// Turns bytes into numbers, points and weights, for all fuzzers. A change of one byte changes one thing, so that the
// fuzzer can build on what it has found. Missing bytes are 0.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "points/point_set.hpp"

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    left_--;
    return *data_++;
  }
  int below(int count) { return byte() % count; }
  bool one_in(int count) { return below(count) == count - 1; }
  template <class T>
  T bits() {
    T value{};
    std::uint8_t bytes[sizeof(T)] = {};
    for (std::uint8_t& b : bytes) b = byte();
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// splitmix64 (Steele, Lea, Flood 2014), to make many numbers from one byte of input.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }  // [0, 1)
  double gauss() {  // the sum of twelve has variance 1 and is at most 6
    double s = -6;
    for (int i = 0; i < 12; i++) s += uniform();
    return s;
  }

 private:
  std::uint64_t state_;
};

// How hard a list of numbers is. Plain lists must give a result with all its digits. Hard lists may be refused. Broken
// lists must be refused.
enum class Kind { Plain, Hard, Broken };
inline Kind worse(Kind a, Kind b) { return a > b ? a : b; }

inline bool all_finite(const std::vector<double>& x) {
  for (const double v : x)
    if (!std::isfinite(v)) return false;
  return true;
}

// Reads one list of numbers. A byte chooses how the rest is read.
inline Kind read_column(Input& in, std::size_t count, std::vector<double>& x) {
  const int style = in.below(12);
  x.assign(count, 0.0);
  Random random(style < 4 || style == 9 || style == 10 ? in.byte() : 0);
  const auto fill = [&](auto&& draw) {
    for (double& v : x) v = draw();
  };
  switch (style) {
    case 0: fill([&] { return 2 * random.uniform() - 1; }); return Kind::Plain;
    case 1: fill([&] { return random.gauss(); }); return Kind::Plain;
    case 2: fill([&] { return static_cast<double>(random() % 5); }); return Kind::Plain;
    case 3: fill([&] { return random.gauss() / std::fmax(std::fabs(random.gauss()), 1e-9); }); return Kind::Hard;
    case 4: fill([&] { return static_cast<double>(in.bits<std::int8_t>()); }); return Kind::Hard;
    case 5: fill([&] { return in.bits<double>(); }); break;
    // Sign, exponent and four digits of a double.
    case 6:
      fill([&] {
        const std::uint64_t bits = std::uint64_t{in.bits<std::uint16_t>()} << 48;
        double v;
        std::memcpy(&v, &bits, sizeof v);
        return v;
      });
      break;
    case 7: {
      const double v = in.bits<double>();
      fill([&] { return v; });
      break;
    }
    case 8: fill([&] { return std::ldexp(in.byte() & 1 ? -1.0 : 1.0, in.bits<std::int8_t>() / 2); }); return Kind::Hard;
    case 9: {
      const int far = in.bits<std::int8_t>() % 52;
      fill([&] { return std::ldexp(1.0, std::abs(far)) + random.gauss(); });
      return Kind::Hard;
    }
    case 10: {
      const int unit = in.bits<std::int16_t>() % 1060;
      fill([&] { return std::ldexp(random.gauss(), unit); });
      break;
    }
    default: {
      double v = 0;
      fill([&] { return v += 1; });
      return Kind::Plain;
    }
  }
  return all_finite(x) ? Kind::Hard : Kind::Broken;
}

// Reads count x dimension numbers, row-major. A column may repeat another or be a function of it.
inline Kind read_points(Input& in, std::size_t count, int dimension, std::vector<double>& points) {
  const auto m = static_cast<std::size_t>(dimension);
  points.assign(count * m, 0.0);
  Kind kind = Kind::Plain;
  std::vector<double> column;
  for (std::size_t a = 0; a < m; a++) {
    if (a > 0 && in.one_in(5)) {
      const int what = in.below(3);
      for (std::size_t i = 0; i < count; i++) {
        const double v = points[i * m + a - 1];
        points[i * m + a] = what == 0 ? v : what == 1 ? 3 * v : v * v;
      }
      kind = worse(kind, Kind::Hard);
    } else {
      kind = worse(kind, read_column(in, count, column));
      for (std::size_t i = 0; i < count; i++) points[i * m + a] = column[i];
    }
  }
  // Rows that repeat others.
  if (in.one_in(6))
    for (std::size_t i = count / 3; i < count; i++)
      std::memcpy(&points[i * m], &points[(i % (count / 3 + 1)) * m], m * sizeof(double));
  return all_finite(points) ? (kind == Kind::Broken ? Kind::Hard : kind) : Kind::Broken;
}

inline bool are_weights(const std::vector<double>& w) {
  bool any = w.empty();
  for (const double v : w) {
    if (!(v >= 0) || std::isinf(v)) return false;
    any = any || v > 0;
  }
  return any;
}

// Weights, and numbers of a column, below 2^-1074 of the largest one vanish when the kernel scales by it, and so do
// moments that depend on them alone.
inline bool vanishes(const std::vector<double>& list) {
  double most = 0, least = HUGE_VAL;
  for (const double v : list)
    if (v != 0) {
      most = std::fmax(most, std::fabs(v));
      least = std::fmin(least, std::fabs(v));
    }
  return std::log2(most) - std::log2(least) > 900;
}

// Reads weights. An empty list: all 1.
inline Kind read_weights(Input& in, std::size_t count, std::vector<double>& w) {
  w.clear();
  const int style = in.below(6);
  if (style == 0 || style == 1) return Kind::Plain;
  if (style == 2) {
    Random random(in.byte());
    for (std::size_t i = 0; i < count; i++) w.push_back(0.5 + random.uniform());
    return Kind::Plain;
  }
  if (style == 3) {
    for (std::size_t i = 0; i < count; i++) w.push_back(in.byte() % 8);
  } else {
    read_column(in, count, w);
    if (style == 4)
      for (double& v : w) v = std::fabs(v);
  }
  return are_weights(w) ? Kind::Hard : Kind::Broken;
}

struct Set {
  std::vector<double> x, w;  // x row-major; w empty: all 1
  int dimension = 1;
  std::size_t count = 0;
  Kind points_kind = Kind::Plain, weights_kind = Kind::Plain;
  Kind kind() const { return worse(points_kind, weights_kind); }
  double weight(std::size_t i) const { return w.empty() ? 1 : w[i]; }
  double at(std::size_t i, std::size_t a) const { return x[i * static_cast<std::size_t>(dimension) + a]; }
  fewpoints::PointsView points() const {
    fewpoints::PointsView view;
    view.numbers.data = x.data();
    view.row_stride = dimension;
    view.count = count;
    view.dimension = dimension;
    return view;
  }
  fewpoints::NumbersView weights() const {
    fewpoints::NumbersView view;
    view.data = w.empty() ? nullptr : w.data();
    return view;
  }
};

inline Set read_set(Input& in, std::size_t count, int dimension) {
  Set set;
  set.dimension = dimension;
  set.count = count;
  set.points_kind = read_points(in, count, dimension, set.x);
  set.weights_kind = read_weights(in, count, set.w);
  return set;
}

// Mostly small, sometimes some hundreds.
inline std::size_t read_count(Input& in) {
  const auto n = static_cast<std::size_t>(in.byte());
  return n < 160 ? 1 + n % 40 : n < 250 ? n - 100 : (n - 249) * 150;
}

inline fewpoints::NumbersView view_of(const std::vector<double>& values) {
  fewpoints::NumbersView view;
  view.data = values.data();
  return view;
}

inline fewpoints::PointsView view_of(const std::vector<double>& values, std::size_t count, std::size_t columns) {
  fewpoints::PointsView view;
  view.numbers.data = values.data();
  view.row_stride = static_cast<std::ptrdiff_t>(columns);
  view.count = count;
  view.dimension = static_cast<int>(columns);
  return view;
}

}  // namespace fuzz
