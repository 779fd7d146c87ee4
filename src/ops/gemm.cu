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

void multiply(cublasOperation_t op_b, cublasOperation_t op_a, Index count, cuda::Batch batch_c, cuda::Batch batch_a,
              cuda::Batch batch_b, Index K, Accumulate accumulate) {
  const View c = batch_c.first, a = batch_a.first, b = batch_b.first;
  if (count == 0 || c.rows == 0 || c.cols == 0) return;
  const float one = 1, keep = accumulate == Accumulate::kYes ? 1 : 0;
  cublasSetMathMode(handle(), cuda::matrix_units() ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH);
  check(cublasSgemmStridedBatched(handle(), op_b, op_a, int(c.cols), int(c.rows), int(K), &one, b.data, int(b.ld),
                                  batch_b.step, a.data, int(a.ld), batch_a.step, &keep, c.data, int(c.ld), batch_c.step,
                                  int(count)) == CUBLAS_STATUS_SUCCESS,
        "CUDA: cuBLAS refused ", count, " products of ", c.rows, " x ", K, " x ", c.cols);
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

void cuda::gemm_nt_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  multiply(CUBLAS_OP_T, CUBLAS_OP_N, count, c, a, b, a.first.cols, accumulate);
}
void cuda::gemm_nn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  multiply(CUBLAS_OP_N, CUBLAS_OP_N, count, c, a, b, a.first.cols, accumulate);
}
void cuda::gemm_tn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  multiply(CUBLAS_OP_N, CUBLAS_OP_T, count, c, a, b, a.first.rows, accumulate);
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

static View matrix_of(Index i, cuda::Batch batch) {
  batch.first.data += i * batch.step;
  return batch.first;
}
void cuda::gemm_nt_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  for (Index i = 0; i < count; ++i) cuda::gemm_nt(matrix_of(i, c), matrix_of(i, a), matrix_of(i, b), accumulate);
}
void cuda::gemm_nn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  for (Index i = 0; i < count; ++i) cuda::gemm_nn(matrix_of(i, c), matrix_of(i, a), matrix_of(i, b), accumulate);
}
void cuda::gemm_tn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  for (Index i = 0; i < count; ++i) cuda::gemm_tn(matrix_of(i, c), matrix_of(i, a), matrix_of(i, b), accumulate);
}

#endif

}  // namespace seekling
