// A simplex tableau of any size: that of simd/cell/tableau.hpp with the elimination and the delayed exchanges blocked
// for the caches and spread over threads, and with columns that can be replaced by finer ones on the way.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

class BlockedTableau {
 public:
  // Room for `columns` columns of `rows` features. Throws std::bad_alloc.
  BlockedTableau(std::size_t rows, std::size_t columns);

  std::size_t rows() const { return rows_; }
  std::size_t room() const { return room_; }  // columns
  std::size_t stride() const { return stride_; }
  // Where begin() expects column c: entry (e, c) at column(c)[e * stride()].
  double* column(std::size_t c) { return T_.data() + c; }

  // Takes the `columns` columns that lie in the tableau, with these weights. Equilibrates them and remembers how. The
  // first `preferred` of them enter a basis before any other does.
  void begin(std::size_t columns, std::size_t preferred, const double* weights, int threads, Monitor& monitor);

  // Chooses a basis among the preferred columns, or all, feature by feature. A feature whose largest entry that is left
  // is not above `tolerance` depends on those before it; it is dropped if `drop`, else the elimination ends with false.
  bool eliminate(bool among_preferred, double tolerance, bool drop, int threads, Monitor& monitor);
  // The same with complete pivoting over all columns: tells a dependent feature from one that is merely small. Slower.
  void eliminate_completely(double tolerance, int threads, Monitor& monitor);

  // From the present weights to a basic feasible solution. False: no column enters although a weight must leave.
  // `last`: then the weight is dropped instead.
  bool walk(bool last, int threads, Monitor& monitor);

  int rank() const { return rank_; }
  // Which column is basic in row r; -1: the feature depends on others.
  int basic(std::size_t r) const { return basis_[r]; }
  // Weights of the caller's columns: of the basis as the walk found them, and, when it failed, as they stood.
  double weight(std::size_t r) const { return v_[r] > 0 ? v_[r] / length_[basis_[r]] : 0; }
  // All columns and their weights as they stand after a failed walk.
  void present(List<std::uint32_t>& columns, List<double>& weights) const;

  // Columns of the tableau that nothing needs any more once the walk has ended.
  List<std::uint32_t> free_columns() const;
  // Replaces the basic column of row r by the sum of finer ones: columns `at` (of free_columns()), count of them, whose
  // features are fine[e * stride + j]. All columns that are not basic are left out from now on. Call walk() afterwards.
  struct Split {
    std::size_t row;
    List<std::uint32_t> at;  // where its parts go; part j of all parts is column j of `fine`
  };
  bool replace(const List<Split>& splits, double* fine, std::size_t stride, int threads, Monitor& monitor);

  // change += B^-1 residual for the weights of the basis, both in the caller's units.
  void correct(const List<double>& residual, List<double>& change, int threads, Monitor& monitor);

 private:
  struct Walk;

  void update(double* T, std::size_t stride, std::size_t row, std::size_t rows, std::size_t columns,
              const double* factors, std::size_t factor_stride, int rank, const double* panel, std::size_t panel_stride,
              int threads, Monitor& monitor);
  bool eliminate_panel(std::size_t begin, std::size_t end, double tolerance, bool drop);
  void eliminate_row(std::size_t r, int p, std::size_t begin, std::size_t end);
  void finish_elimination();
  void current_row(std::size_t r, double* row);
  void current_column(int c, double* column);
  void enter(std::size_t r, int entering, double* row, double* column);
  void flush(int threads, Monitor& monitor);

  const std::size_t rows_, room_, stride_, padded_, capacity_;
  Array<double> T_;          // rows x stride; column `stride - 8` carries the target during elimination
  Array<double> eta_, rho_;  // exchanges not yet applied: rank-1 corrections, capacity of them
  Array<double> factors_;    // rows x capacity
  Array<double> v_, u_, start_;
  Array<double> open_, preferred_, eligible_;  // 1 or 0: may enter; may enter first; may be eliminated with
  Array<double> length_;                       // columns were divided by these
  List<double> height_;                        // and rows by these
  List<double> work_;
  List<int> basis_, home_;
  List<Array<double>> packed_;  // a thread
  std::size_t columns_ = 0;
  int rank_ = 0, pending_ = 0;
  double remaining_ = 1, mass_ = 0;
};

}  // namespace fewpoints
