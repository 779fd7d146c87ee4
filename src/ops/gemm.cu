// The three products of gemm.h on a GPU.
#include "core/check.h"
#include "ops/gemm.h"

#if defined(__CUDACC__)
#include <cublas_v2.h>
#endif

namespace seekling {

bool& cuda::matrix_units() {
  static bool may = false;
  return may;
}

#if defined(__CUDACC__) && !defined(SEEKLING_DOUBLE)

namespace {

cublasHandle_t handle() {
  static const cublasHandle_t the_handle = [] {
    cublasHandle_t h = nullptr;
    check(cublasCreate(&h) == CUBLAS_STATUS_SUCCESS, "CUDA: cuBLAS could not be started");
    return h;
  }();
  return the_handle;
}

// cuBLAS counts by columns, in which a row-major C = A B reads Cᵀ = Bᵀ Aᵀ.
void multiply(cublasOperation_t op_b, cublasOperation_t op_a, View c, View a, View b, Index K, Accumulate accumulate) {
  if (c.rows == 0 || c.cols == 0) return;
  const float one = 1, keep = accumulate == Accumulate::kYes ? 1 : 0;
  cublasSetMathMode(handle(), cuda::matrix_units() ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH);
  check(cublasSgemm(handle(), op_b, op_a, int(c.cols), int(c.rows), int(K), &one, b.data, int(b.ld), a.data, int(a.ld),
                    &keep, c.data, int(c.ld)) == CUBLAS_STATUS_SUCCESS,
        "CUDA: cuBLAS refused a product of ", c.rows, " x ", K, " x ", c.cols);
}

}  // namespace

void cuda::gemm_nt(View c, View a, View b, Accumulate accumulate) {
  multiply(CUBLAS_OP_T, CUBLAS_OP_N, c, a, b, a.cols, accumulate);
}
void cuda::gemm_nn(View c, View a, View b, Accumulate accumulate) {
  multiply(CUBLAS_OP_N, CUBLAS_OP_N, c, a, b, a.cols, accumulate);
}
void cuda::gemm_tn(View c, View a, View b, Accumulate accumulate) {
  multiply(CUBLAS_OP_N, CUBLAS_OP_T, c, a, b, a.rows, accumulate);
}

#else

void cuda::gemm_nt(View c, View a, View b, Accumulate accumulate) {
  flow(c.matrix().noalias(), a.matrix() * b.matrix().transpose(), accumulate);
}
void cuda::gemm_nn(View c, View a, View b, Accumulate accumulate) {
  flow(c.matrix().noalias(), a.matrix() * b.matrix(), accumulate);
}
void cuda::gemm_tn(View c, View a, View b, Accumulate accumulate) {
  flow(c.matrix().noalias(), a.matrix().transpose() * b.matrix(), accumulate);
}

#endif

}  // namespace seekling
