#include "polynomial/space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

std::int64_t moment_count(int dimension, int order) {
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  __int128 n = 1;
  const int small = std::min(dimension, order), large = std::max(dimension, order);
  for (int i = 1; i <= small; i++) {
    n = n * (large + i) / i;  // exact: a product of i consecutive integers
    if (n >= limit) return limit;
  }
  return static_cast<std::int64_t>(n);
}

PolynomialSpace PolynomialSpace::total(int dimension, int order) { return {List<int>(dimension, 0), {order}}; }

int PolynomialSpace::highest_power() const {
  return *std::max_element(order.begin(), order.end()) + (extra > 0 ? 1 : 0);
}

int PolynomialSpace::highest_degree() const { return std::accumulate(order.begin(), order.end(), extra > 0 ? 1 : 0); }

std::int64_t PolynomialSpace::count() const {
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  __int128 n = 1;
  for (std::size_t b = 0; b < order.size(); b++) {
    const auto columns = static_cast<int>(std::count(block.begin(), block.end(), static_cast<int>(b)));
    n *= moment_count(columns, order[b]);
    if (n >= limit) return limit;
  }
  return static_cast<std::int64_t>(n) + extra;
}

namespace {

// How large the coefficient of a product of orthonormal Legendre polynomials of these degrees is in a smooth function,
// as a logarithm, up to a factor that all products of one total degree share. By Taylor's theorem the coefficient of
// the monomial t^a is about 1 / a! times that factor. The orthonormal polynomial of degree e has the leading
// coefficient sqrt(2e + 1) (2e)! / (2^e e!^2). So the result is 1 / (a! L), where L is the product of the leading
// coefficients. Mixed monomials have by far the largest importance: a pure power is nearly a combination of lower ones.
double importance(const List<int>& degrees) {
  double log = 0;
  for (const int degree : degrees) {
    const double e = degree;
    log -= 0.5 * std::log(2 * e + 1) + std::lgamma(2 * e + 1) - e * std::log(2.0) - std::lgamma(e + 1);
  }
  return log;
}
// Importances that differ by less are equal: only the order in which their terms were added differs.
constexpr double kEqual = 1e-9;

// Lists all products degree by degree, within a degree lexicographically descending. Every step of the recursion takes
// one more axis and ends in at least one product. So the time is that of the list.
class Listing {
 public:
  Listing(const PolynomialSpace& space, MultiIndices& out)
      : block_(space.block), left_(space.order), last_(space.order.size(), -1), out_(out) {
    const int m = space.dimension();
    for (int a = 0; a < m; a++)
      if (left_[at(block_[at(a)])] > 0 || space.extra > 0) {
        columns_.push_back(a);
        last_[at(block_[at(a)])] = static_cast<int>(columns_.size());
      }
    for (std::size_t b = 0; b < left_.size(); b++)
      if (last_[b] >= 0) blocks_.push_back(b);
    // The first place after column i whose column belongs to another block.
    next_.resize(columns_.size());
    for (std::size_t i = columns_.size(); i-- > 0;)
      next_[i] = i + 1 < columns_.size() && block_at(i) == block_at(i + 1) ? next_[i + 1] : i + 1;
    out_.parent.push_back(0);
    out_.axis.push_back(0);
    out_.degree.push_back(0);
    out_.total.push_back(0);
    make_room(0);
    int max = 0;
    for (const std::size_t b : blocks_) max += left_[b];
    for (int degree = 1; degree <= max; degree++) descend(0, 0, degree, degree);
  }

  // For one block: appends `wanted` products of the next degree, the most important first. Equally important ones come
  // in the order of the list.
  void add_next_degree(int wanted) {
    const int degree = left_[0] + 1;
    List<Partition> partitions;
    List<int> parts;
    partition(degree, degree, parts, partitions);
    std::stable_sort(partitions.begin(), partitions.end(),
                     [](const Partition& a, const Partition& b) { return a.importance > b.importance; });
    for (std::size_t from = 0, to = 0; from < partitions.size() && wanted > 0; from = to) {
      List<Product> found;
      for (; to < partitions.size() && partitions[to].importance >= partitions[from].importance - kEqual; to++) {
        Product product;
        max_found_ = found.size() + static_cast<std::size_t>(wanted);
        arrange(0, partitions[to].parts, product, found);
      }
      std::sort(found.begin(), found.end(), [](const Product& a, const Product& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), MultiIndices::is_before);
      });
      const auto taken = std::min(found.size(), static_cast<std::size_t>(wanted));
      for (std::size_t i = 0; i < taken; i++) append(found[i], degree);
      wanted -= static_cast<int>(taken);
    }
  }

 private:
  using Product = List<MultiIndices::Power>;
  struct Partition {
    List<int> parts;  // descending
    double importance;
  };

  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  std::size_t block_at(std::size_t place) const { return at(block_[at(columns_[place])]); }
  // The degree that the columns from this place on can still take.
  int room(std::size_t place) const {
    int sum = 0;
    for (const std::size_t b : blocks_)
      if (static_cast<std::size_t>(last_[b]) > place) sum += left_[b];
    return sum;
  }

  // Makes places in child_ for the products whose parent is the next product, column by column from `place` on.
  void make_room(std::size_t place) {
    first_.push_back(child_.size());
    std::size_t size = 0;
    for (std::size_t i = place; i < columns_.size();) {
      const auto left = static_cast<std::size_t>(left_[block_at(i)]);
      size += left * (next_[i] - i);
      i = next_[i];
    }
    child_.resize(child_.size() + size);
  }

  // Appends the products of `parent` with columns from `place` on, of `degree` in all.
  void descend(int parent, std::size_t place, int degree, int total) {
    std::size_t slot = first_[at(parent)];
    for (std::size_t i = place; i < columns_.size() && room(i) >= degree; i++) {
      int& left = left_[block_at(i)];
      if (left == 0) {
        i = next_[i] - 1;
        continue;
      }
      const int full = left;
      for (int e = std::min(degree, full); e >= 1; e--) {
        left = full - e;
        const std::size_t child = slot + at(e - 1);
        if (e == degree) {
          child_[child] = static_cast<int>(out_.parent.size());
          out_.parent.push_back(parent);
          out_.axis.push_back(columns_[i]);
          out_.degree.push_back(e);
          out_.total.push_back(total);
          make_room(i + 1);
        } else if (room(i + 1) >= degree - e) {
          descend(child_[child], i + 1, degree - e, total);
        } else {
          break;  // a smaller power of this column leaves even more for the others
        }
      }
      left = full;
      slot += at(full);
    }
  }

  // All ways to write `sum` as parts of at most `max`, with no more parts than there are columns.
  void partition(int sum, int max, List<int>& parts, List<Partition>& out) const {
    if (sum == 0) out.push_back({parts, importance(parts)});
    if (sum == 0 || parts.size() == columns_.size()) return;
    const auto places = static_cast<int>(std::min<std::size_t>(columns_.size() - parts.size(), at(sum)));
    for (int part = std::min(sum, max); part * places >= sum; part--) {
      parts.push_back(part);
      partition(sum - part, part, parts, out);
      parts.pop_back();
    }
  }

  // Finds the first max_found_ products whose degrees are these parts, in any order, on columns from `place` on.
  void arrange(std::size_t place, const List<int>& parts, Product& product, List<Product>& found) {
    if (parts.empty()) {
      found.push_back(product);
      return;
    }
    for (std::size_t i = place; i + parts.size() <= columns_.size(); i++)
      for (std::size_t p = 0; p < parts.size(); p++) {
        if (p > 0 && parts[p] == parts[p - 1]) continue;
        if (found.size() == max_found_) return;
        List<int> rest = parts;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(p));
        product.push_back({columns_[i], parts[p]});
        arrange(i + 1, rest, product, found);
        product.pop_back();
      }
  }

  void append(const Product& product, int total) {
    int parent = 0, left = left_[0];
    std::size_t place = 0;  // the place of the first column that may follow
    for (std::size_t p = 0; p + 1 < product.size(); p++) {
      // All columns belong to the one block, so each has as many slots as the block has degrees left.
      const auto column = std::lower_bound(columns_.begin(), columns_.end(), product[p].axis) - columns_.begin();
      const auto columns_between = static_cast<std::size_t>(column) - place;
      parent = child_[first_[at(parent)] + columns_between * at(left) + at(product[p].degree - 1)];
      left -= product[p].degree;
      place = static_cast<std::size_t>(column) + 1;
    }
    out_.parent.push_back(parent);
    out_.axis.push_back(product.back().axis);
    out_.degree.push_back(product.back().degree);
    out_.total.push_back(total);
  }

  const List<int>& block_;
  List<int> left_, last_;
  List<int> columns_;  // the columns that take part
  List<std::size_t> blocks_, next_;
  // child_[first_[e] + ...]: the products whose parent is e, by column and then by degree.
  List<std::size_t> first_;
  List<int> child_;
  std::size_t max_found_ = 0;
  MultiIndices& out_;
};

}  // namespace

void PolynomialSpace::check() const {
  for (const int k : order)
    if (k < 0 || k > kMaxOrder)
      throw Error(Code::Option, "order must be from 0 to " + std::to_string(kMaxOrder) + ", got " + std::to_string(k));
  if (count() > std::numeric_limits<int>::max())
    throw Error(Code::Size, "order and dimension have more than 2^31 moments");
}

MultiIndices::MultiIndices(const PolynomialSpace& space)
    : dimension(space.dimension()), order(space.highest_power()), count(0) {
  space.check();
  for (List<int>* list : {&parent, &axis, &degree, &total}) list->reserve(space.count());
  Listing listing(space, *this);
  if (space.extra > 0) listing.add_next_degree(space.extra);
  count = narrow<int>(parent.size());
}

void MultiIndices::powers(int e, List<Power>& out) const {
  out.clear();
  for (; e > 0; e = parent[static_cast<std::size_t>(e)])
    out.push_back({axis[static_cast<std::size_t>(e)], degree[static_cast<std::size_t>(e)]});
  std::reverse(out.begin(), out.end());
}

List<std::uint16_t> MultiIndices::row(int e) const {
  List<std::uint16_t> exponents(static_cast<std::size_t>(dimension), 0);
  List<Power> list;
  powers(e, list);
  for (const Power& power : list)
    exponents[static_cast<std::size_t>(power.axis)] = static_cast<std::uint16_t>(power.degree);
  return exponents;
}

Recurrence Recurrence::monomial(int m, int k) {
  Recurrence r;
  r.dimension = m;
  r.order = k;
  r.a.assign(usize(m) * usize(k), 1);
  r.b.assign(r.a.size(), 0);
  r.c.assign(r.a.size(), 0);
  return r;
}

Recurrence Recurrence::legendre(int m, int k) {
  Recurrence r = monomial(m, k);
  for (int axis = 0; axis < m; axis++)
    for (int j = 0; j < k; j++) {
      r.a[axis * k + j] = (2.0 * j + 1) / (j + 1);
      r.c[axis * k + j] = static_cast<double>(j) / (j + 1);
    }
  return r;
}

}  // namespace fewpoints
