// Compiled several times (native/CMakeLists.txt). Each time Eigen has another name, because the linker would keep only
// one copy of its inline functions otherwise.
#define FEWPOINTS_JOINED_(a, b) a##b
#define FEWPOINTS_JOINED(a, b) FEWPOINTS_JOINED_(a, b)
#define Eigen FEWPOINTS_JOINED(eigen_copy_, FEWPOINTS_WAY)
#ifdef EIGEN_USE_BLAS
#define daxpy_ whole_daxpy_
#define dgemm_ whole_dgemm_
#define dgemv_ whole_dgemv_
#define dsymm_ whole_dsymm_
#define dsymv_ whole_dsymv_
#define dsyrk_ whole_dsyrk_
#define dtrmm_ whole_dtrmm_
#define dtrmv_ whole_dtrmv_
#define dtrsm_ whole_dtrsm_
#endif
#include <Eigen/Dense>

#include "dense.hpp"

namespace fewpoints::bench {
namespace FEWPOINTS_WAY {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Mapped = Eigen::Map<Matrix>;

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

void square(double* H, const double* X, std::size_t rows, std::size_t columns) {
  const Eigen::Map<const Matrix> x(X, index(rows), index(columns));
  Mapped(H, index(columns), index(columns)).selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
}

template <class Factorisation>
void solve(double* A, double* b, std::size_t rows, std::size_t columns) {
  const Matrix a = Mapped(A, index(rows), index(columns));
  Vector right = Eigen::Map<Vector>(b, index(rows));
  const Vector x = Factorisation(a).solve(right);
  b[0] = x[0];
}

void factor(double* A, std::size_t stride, std::size_t rows, std::size_t columns) {
  Eigen::Map<Matrix, 0, Eigen::OuterStride<>> a(A, index(rows), index(columns), Eigen::OuterStride<>(index(stride)));
  Eigen::Ref<Matrix> part = a;
  const Eigen::HouseholderQR<Eigen::Ref<Matrix>> in_place(part);
}

}  // namespace
}  // namespace FEWPOINTS_WAY

const EigenWays FEWPOINTS_JOINED(eigen_, FEWPOINTS_WAY) = {
    FEWPOINTS_WAY::square,
    FEWPOINTS_WAY::solve<Eigen::HouseholderQR<FEWPOINTS_WAY::Matrix>>,
    FEWPOINTS_WAY::solve<Eigen::ColPivHouseholderQR<FEWPOINTS_WAY::Matrix>>,
    FEWPOINTS_WAY::solve<Eigen::CompleteOrthogonalDecomposition<FEWPOINTS_WAY::Matrix>>,
    FEWPOINTS_WAY::factor,
};

}  // namespace fewpoints::bench
