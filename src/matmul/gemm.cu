// The three products of gemm.h on a GPU, by cuBLAS: in fp32 or, if products() says so, on the
// tensor cores with factors rounded to TF32 or bf16; sums are kept in fp32. Compiled as C++, Eigen
// replaces cuBLAS, and TF32 is fp32.
#include "core/check.h"
#include "core/half.h"
#include "core/products.h"
#include "cuda/pack.h"
#include "matmul/gemm.h"

#if defined(__CUDACC__)
#include <cublas_v2.h>
#endif

namespace seekling {

using cuda::Batch;

namespace {

enum class Side { kAsIs, kTransposed };

struct Factor {  // matrices [rows,cols] of real or bf16, each `step` elements after the last
  const void* data;
  Index rows, cols, ld, step;
  Side side;
  bool bf16 = false;
};

#if defined(__CUDACC__)

static_assert(sizeof(real) == sizeof(float),
              "the CUDA build is in fp32: leave SEEKLING_WITH_DOUBLE off");

cublasHandle_t handle() {
  static const cublasHandle_t the_handle = [] {
    cublasHandle_t h = nullptr;
    check(cublasCreate(&h) == CUBLAS_STATUS_SUCCESS &&
              cublasSetStream(h, stream()) == CUBLAS_STATUS_SUCCESS,
          "CUDA: cuBLAS could not be started");
    return h;
  }();
  return the_handle;
}

// cuBLAS is column-major: a row-major C = A B is Cᵀ = Bᵀ Aᵀ to it.
void multiply(Index count, const Batch& c, const Factor& a, const Factor& b,
              Accumulate accumulate) {
  const auto operation = [](const Factor& x) {
    return x.side == Side::kAsIs ? CUBLAS_OP_N : CUBLAS_OP_T;
  };
  const auto type = [](const Factor& x) { return x.bf16 ? CUDA_R_16BF : CUDA_R_32F; };
  const float one = 1, keep = accumulate == Accumulate::kYes ? 1 : 0;
  const auto sums =
      products() == Products::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const View to = c.first;
  const Index K = a.side == Side::kAsIs ? a.cols : a.rows;
  check(
      cublasGemmStridedBatchedEx(handle(), operation(b), operation(a), int(to.cols), int(to.rows),
                                 int(K), &one, b.data, type(b), int(b.ld), b.step, a.data, type(a),
                                 int(a.ld), a.step, &keep, to.data, CUDA_R_32F, int(to.ld), c.step,
                                 int(count), sums, CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS,
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

void multiply(Index count, const Batch& c, const Factor& a, const Factor& b,
              Accumulate accumulate) {
  on_stream([=] {
    for (Index n = 0; n < count; ++n) {
      View to = c.first;
      to.data += n * c.step;
      flow(to.matrix().noalias(), numbers(a, n) * numbers(b, n), accumulate);
    }
  });
}

#endif

struct alignas(2 * cuda::kPack) RoundedPack {
  std::uint16_t of[cuda::kPack];
};

// A thread owns packs of matrix y. to: the matrices of x one after the other, without gaps.
template <bool kAligned>
__global__ void round_to_bf16_kernel(std::uint16_t* to, View x, Index step) {
  x.data += blockIdx.y * step, to += blockIdx.y * x.rows * x.cols;
  cuda::each_pack(x, [&](Index i, Index j) {
    const cuda::Pack p = cuda::load<kAligned>(x, i, j);
    RoundedPack rounded;
    UNROLL for (int n = 0; n < cuda::kPack; ++n) rounded.of[n] = to_bf16(float(p[n]));
    if constexpr (kAligned) *reinterpret_cast<RoundedPack*>(to + i * x.cols + j) = rounded;
    else
      for (int n = 0; n < cuda::kPack; ++n)
        if (j + n < x.cols) to[i * x.cols + j + n] = rounded.of[n];
  });
}

// The operands of a product: the given matrices, or copies rounded to bf16.
class Operand {
 public:
  Operand(Index count_, const Batch& x)
      : count(count_), as_is{x.first.data, x.first.rows, x.first.cols,
                             x.first.ld,   x.step,       Side::kAsIs} {
    const Index n = x.first.rows * x.first.cols;
    if (products() != Products::kBf16 || count * n == 0) return;
    room = Tensor({(count * n + 1) / 2}, Device::kCuda);
    auto* to = reinterpret_cast<std::uint16_t*>(room.data());
    const bool aligned = cuda::aligned({x.first}) && (count == 1 || x.step % cuda::kPack == 0);
    const Index packs = x.first.rows * ((x.first.cols + cuda::kPack - 1) / cuda::kPack);
    const Index blocks = (packs + cuda::kPackThreads - 1) / cuda::kPackThreads;
    cuda::launch(aligned ? round_to_bf16_kernel<true> : round_to_bf16_kernel<false>,
                 dim3(unsigned(std::min(blocks, cuda::kMostPackBlocks)), unsigned(count)),
                 cuda::kPackThreads, to, x.first, x.step);
    as_is = {to, x.first.rows, x.first.cols, x.first.cols, n, Side::kAsIs, /*bf16=*/true};
  }
  Factor factor(Side side) const {
    Factor f = as_is;
    f.side = side;
    return f;
  }

  const Index count;

 private:
  Tensor room;
  Factor as_is;
};

void product(const Batch& c, const Operand& a, Side a_side, const Operand& b, Side b_side,
             Accumulate accumulate) {
  if (a.count == 0 || c.first.rows == 0 || c.first.cols == 0) return;
  multiply(a.count, c, a.factor(a_side), b.factor(b_side), accumulate);
}

}  // namespace

void cuda::gemm_nt_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(c, Operand(count, a), Side::kAsIs, Operand(count, b), Side::kTransposed, accumulate);
}
void cuda::gemm_nn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(c, Operand(count, a), Side::kAsIs, Operand(count, b), Side::kAsIs, accumulate);
}
void cuda::gemm_tn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate) {
  product(c, Operand(count, a), Side::kTransposed, Operand(count, b), Side::kAsIs, accumulate);
}

void cuda::gemm_backward(View dx, Accumulate into_x, View dW, Accumulate into_W, View dy, View x,
                         View W) {
  const Operand d(1, {dy});
  product({dx}, d, Side::kAsIs, Operand(1, {W}), Side::kAsIs, into_x);
  product({dW}, d, Side::kTransposed, Operand(1, {x}), Side::kAsIs, into_W);
}

void cuda::gemm_nt(View c, View a, View b, Accumulate accumulate) {
  gemm_nt_batch(1, {c}, {a}, {b}, accumulate);
}
void cuda::gemm_nn(View c, View a, View b, Accumulate accumulate) {
  gemm_nn_batch(1, {c}, {a}, {b}, accumulate);
}
void cuda::gemm_tn(View c, View a, View b, Accumulate accumulate) {
  gemm_tn_batch(1, {c}, {a}, {b}, accumulate);
}

}  // namespace seekling
