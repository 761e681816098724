// A simplex tableau of any size. It is that of simd/cell/tableau.hpp with three differences: elimination and delayed
// exchanges are blocked for the caches, they are spread over threads, and finer columns can replace a column on the
// way. The walk is a parametric simplex method (simd/walk.hpp).
#pragma once
#include <cstdint>
#include <functional>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

class BlockedTableau {
 public:
  // Has room for `columns` columns of `rows` features. Throws std::bad_alloc.
  BlockedTableau(std::size_t rows, std::size_t columns);

  std::size_t rows() const { return rows_; }
  std::size_t room() const { return room_; }  // of columns
  std::size_t stride() const { return stride_; }
  // begin() expects column c here: entry (e, c) at column(c)[e * stride()].
  double* column(std::size_t c) { return T_.data() + c; }

  // Takes the `columns` columns that lie in the tableau, with these weights. Equilibrates them and stores the factors.
  // The first `preferred` columns enter the basis before any other.
  void begin(std::size_t columns, std::size_t preferred, const double* weights, int threads, Monitor& monitor);

  // Chooses a basis among the preferred columns or among all, feature by feature. A feature whose largest remaining
  // entry is not above `tolerance` depends on those before it. It is dropped if `drop`; if not, the elimination ends
  // and returns false.
  bool eliminate(bool among_preferred, double tolerance, bool drop, int threads, Monitor& monitor);
  // The same with complete pivoting over all columns. It tells a dependent feature from one that is only small, but is
  // slower.
  void eliminate_completely(double tolerance, int threads, Monitor& monitor);

  // Walks from the present weights to a basic feasible solution. False: no column can enter although a weight must
  // leave. `last`: the weight is then dropped instead.
  bool walk(bool last, int threads, Monitor& monitor);

  int rank() const { return rank_; }
  // The column that is basic in row r; -1: the feature depends on others.
  int basic(std::size_t r) const { return basis_[r]; }
  // The weight of the basic column of row r, in the caller's units: as the walk found it, or, after a failed walk, as
  // it stood.
  double weight(std::size_t r) const { return v_[r] > 0 ? v_[r] / length_[basis_[r]] : 0; }
  // All columns and their weights as they stand after a failed walk.
  void present(List<std::uint32_t>& columns, List<double>& weights) const;

  // The columns of the tableau that nothing needs once the walk has ended.
  List<std::uint32_t> free_columns() const;
  // Replaces the basic column of row r by the sum of finer columns `at`, which are free columns. All columns that are
  // not basic are left out from then on. Call walk() afterwards. The parts are counted through all splits, in order.
  // fill(first, count, out, stride) writes feature e of part first + j to out[e * stride + j].
  struct Split {
    std::size_t row;
    List<std::uint32_t> at;  // the columns of its parts
  };
  using Fill = std::function<void(std::size_t first, std::size_t count, double* out, std::size_t stride)>;
  bool replace(const List<Split>& splits, const Fill& fill, int threads, Monitor& monitor);

  // change += B^-1 residual for the weights of the basis. Both are in the caller's units.
  void correct(const List<double>& residual, List<double>& change, int threads, Monitor& monitor);

 private:
  struct Walk;

  void update(double* T, std::size_t stride, std::size_t row, std::size_t rows, std::size_t columns,
              const double* factors, std::size_t factor_stride, int rank, const double* panel, std::size_t panel_stride,
              int threads, Monitor& monitor);
  bool has_pivot(std::size_t begin, std::size_t end) const;
  bool eliminate_panel(std::size_t begin, std::size_t end, double tolerance, bool drop, int threads, Monitor& monitor);
  void eliminate_row(std::size_t r, int p, std::size_t begin, std::size_t end);
  void finish_elimination(int threads, Monitor& monitor);
  void solve(double* fine, std::size_t stride, const std::uint32_t* at, std::size_t count, int threads,
             Monitor& monitor);
  void current_row(std::size_t r, double* row);
  void current_column(int c, double* column);
  void enter(std::size_t r, int entering, double* row, double* column);
  void flush(int threads, Monitor& monitor);

  const std::size_t rows_, room_, stride_, padded_, capacity_;
  Array<double> T_;          // rows x stride
  Array<double> eta_, rho_;  // up to `capacity` exchanges that are not applied yet, as rank-1 corrections
  Array<double> factors_;    // rows x kPanel
  Array<double> v_, u_, start_;
  Array<double> open_, preferred_,
      eligible_;          // 1 or 0: may enter; may enter first; may become a pivot of the elimination
  Array<double> length_;  // columns were divided by these
  List<double> height_;   // rows were divided by these
  List<double> work_;
  List<int> basis_, home_;
  List<Array<double>> packed_;  // one per thread
  std::size_t columns_ = 0;
  int rank_ = 0, pending_ = 0;
  double remaining_ = 1, mass_ = 0;
};

}  // namespace fewpoints
