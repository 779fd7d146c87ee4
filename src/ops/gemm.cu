// The three products of gemm.h on a GPU, by cuBLAS: in fp32, or as products() says on the matrix units (tensor cores), with
// factors rounded to TF32 or to bf16; sums are kept in fp32. Compiled as C++, Eigen stands in for cuBLAS, and TF32 is fp32.
#include "core/check.h"
#include "core/half.h"
#include "core/products.h"
#include "cuda/launch.h"
#include "ops/gemm.h"

#if defined(__CUDACC__)
#include <cublas_v2.h>
#endif

namespace seekling {

using cuda::Batch;

namespace {

enum class Side { kAsIs, kTransposed };

struct Factor {  // matrices [rows,cols] of real, or of bf16, each `step` numbers after the one before
  const void* data;
  Index rows, cols, ld, step;
  Side side;
  bool bf16 = false;
};

#if defined(__CUDACC__)

static_assert(sizeof(real) == sizeof(float), "the CUDA build is in fp32: leave SEEKLING_WITH_DOUBLE off");

cublasHandle_t handle() {
  static const cublasHandle_t the_handle = [] {
    cublasHandle_t h = nullptr;
    check(cublasCreate(&h) == CUBLAS_STATUS_SUCCESS, "CUDA: cuBLAS could not be started");
    return h;
  }();
  return the_handle;
}

// cuBLAS counts by columns, in which a row-major C = A B reads Cᵀ = Bᵀ Aᵀ.
void multiply(Index count, const Batch& c, const Factor& a, const Factor& b, Accumulate accumulate) {
  const auto operation = [](const Factor& x) { return x.side == Side::kAsIs ? CUBLAS_OP_N : CUBLAS_OP_T; };
  const auto type = [](const Factor& x) { return x.bf16 ? CUDA_R_16BF : CUDA_R_32F; };
  const float one = 1, keep = accumulate == Accumulate::kYes ? 1 : 0;
  const auto sums = products() == Products::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const View to = c.first;
  const Index K = a.side == Side::kAsIs ? a.cols : a.rows;
  check(cublasGemmStridedBatchedEx(handle(), operation(b), operation(a), int(to.cols), int(to.rows), int(K), &one,
                                   b.data, type(b), int(b.ld), b.step, a.data, type(a), int(a.ld), a.step, &keep,
                                   to.data, CUDA_R_32F, int(to.ld), c.step, int(count), sums,
                                   CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS,
        "CUDA: cuBLAS refused ", count, " products of ", to.rows, " x ", K, " x ", to.cols);
}

#else

Matrix numbers(const Factor& x, Index number) {
  Matrix m(x.rows, x.cols);
  for (Index i = 0; i < x.rows; ++i)
    for (Index j = 0; j < x.cols; ++j) {
      const Index at = number * x.step + i * x.ld + j;
      m(i, j) = x.bf16 ? real(from_bf16(static_cast<const std::uint16_t*>(x.data)[at]))
                       : static_cast<const real*>(x.data)[at];
    }
  if (x.side == Side::kTransposed) return m.transpose();
  return m;
}

void multiply(Index count, const Batch& c, const Factor& a, const Factor& b, Accumulate accumulate) {
  for (Index n = 0; n < count; ++n) {
    View to = c.first;
    to.data += n * c.step;
    flow(to.matrix().noalias(), numbers(a, n) * numbers(b, n), accumulate);
  }
}

#endif

// A thread owns a number. to: the matrices of x one after the other.
__global__ void round_to_bf16_kernel(std::uint16_t* to, View x, Index step, Index count) {
  const Index n = Index(blockIdx.x) * blockDim.x + threadIdx.x, row = n / x.cols, matrix = row / x.rows;
  if (matrix < count) to[n] = to_bf16(float(x.data[matrix * step + row % x.rows * x.ld + n % x.cols]));
}

// Makes and keeps the room for rounded matrices.
struct Rounded {
  Tensor room;
  Factor factor;

  Rounded(Index count, const Batch& x, Side side) : room({(size(count, x) + 1) / 2}, Device::kCuda) {
    constexpr int kThreads = 256;
    const View m = x.first;
    auto* to = reinterpret_cast<std::uint16_t*>(room.data());
    cuda::launch(round_to_bf16_kernel, unsigned((size(count, x) + kThreads - 1) / kThreads), kThreads, to, m, x.step,
                 count);
    factor = {to, m.rows, m.cols, m.cols, m.rows * m.cols, side, /*bf16=*/true};
  }
  static Index size(Index count, const Batch& x) { return count * x.first.rows * x.first.cols; }
};

void product(Index count, const Batch& c, const Batch& a, Side a_side, const Batch& b, Side b_side,
             Accumulate accumulate) {
  if (count == 0 || c.first.rows == 0 || c.first.cols == 0) return;
  if (products() == Products::kBf16 && a.first.rows * a.first.cols > 0) {
    const Rounded left(count, a, a_side), right(count, b, b_side);
    return multiply(count, c, left.factor, right.factor, accumulate);
  }
  const auto factor = [](const Batch& x, Side side) {
    return Factor{x.first.data, x.first.rows, x.first.cols, x.first.ld, x.step, side};
  };
  multiply(count, c, factor(a, a_side), factor(b, b_side), accumulate);
}

}  // namespace

void cuda::gemm_nt_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(count, c, a, Side::kAsIs, b, Side::kTransposed, accumulate);
}
void cuda::gemm_nn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(count, c, a, Side::kAsIs, b, Side::kAsIs, accumulate);
}
void cuda::gemm_tn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(count, c, a, Side::kTransposed, b, Side::kAsIs, accumulate);
}

void cuda::gemm_nt(View c, View a, View b, Accumulate accumulate) { gemm_nt_batch(1, {c}, {a}, {b}, accumulate); }
void cuda::gemm_nn(View c, View a, View b, Accumulate accumulate) { gemm_nn_batch(1, {c}, {a}, {b}, accumulate); }
void cuda::gemm_tn(View c, View a, View b, Accumulate accumulate) { gemm_tn_batch(1, {c}, {a}, {b}, accumulate); }

}  // namespace seekling
