// Matrix products: about 90 % of the time of a training step. There are three, because a linear
// layer needs three:
//
//   gemm_nt   C[M,N] (+)= A[M,K] B[N,K]ᵀ     y  = x Wᵀ      forward: a checkpoint's W is [out, in]
//   gemm_nn   C[M,N] (+)= A[M,K] B[K,N]      dx = dy W      backward, to the input
//   gemm_tn   C[M,N] (+)= A[K,M]ᵀ B[K,N]     dW = dyᵀ x     backward, to the weight
//
// Each takes one product or a group: the experts of a layer, which differ in their number of rows,
// are distributed to the threads as one piece of work. The C of a group must not overlap. Any size
// may be 0; K = 0 is an empty sum.
//
// If products() is bf16 (core/products.h), A and B are rounded to it, and sums stay in fp32.
//
// The bits of C do not depend on the number of threads. Inside a parallel region a product runs on
// the calling thread, so attention can multiply small tiles there. After the first call of a size
// nothing is allocated.
#pragma once

#include <span>

#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

struct Gemm {
  View c, a, b;
};

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);
void gemm_nn(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);
void gemm_tn(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);

void gemm_nt(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_nn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_tn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);

namespace cuda {  // by cuBLAS; in the emulation by Eigen
void gemm_nt(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_nn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_tn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);

// Both products of a linear layer's backward, dx (+)= dy W and dW (+)= dyᵀ x.
// If factors are rounded, dy is rounded only once.
void gemm_backward(View dx, Accumulate into_x, View dW, Accumulate into_W, View dy, View x, View W);

// `count` products of one size; consecutive matrices are `step` elements apart.
struct Batch {
  View first;
  Index step = 0;
};
void gemm_nt_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate = Accumulate::kNo);
void gemm_nn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate = Accumulate::kNo);
void gemm_tn_batch(Index count, Batch c, Batch a, Batch b, Accumulate accumulate = Accumulate::kNo);
}  // namespace cuda

// A B that several products share, packed once (see gemm.cpp). Products with it run on the calling
// thread and may use any part of B: attention multiplies by its keys tile by tile.
class PackedMatrix {
 public:
  static PackedMatrix of(View b);          // B = b, b[K,N]
  static PackedMatrix transposed(View b);  // B = bᵀ, b[N,K]

  static constexpr Index kStep = 32;  // parts of B begin at a column that is a multiple of this

 private:
  friend void gemm(View, View, const PackedMatrix&, Index, Index, Accumulate);
  friend void gemm_t(View, View, const PackedMatrix&, Index, Index, Accumulate);
  PackedMatrix(Index k, Index n);
  Tensor numbers;
  Index K, N;
};

// C[M,n] (+)= A[M,k] times rows k0 .. k0+k-1 and columns j0 .. j0+n-1 of B; gemm_t:
// A is a transposed, a[k,M].
void gemm(View c, View a, const PackedMatrix& b, Index k0, Index j0,
          Accumulate accumulate = Accumulate::kNo);
void gemm_t(View c, View a, const PackedMatrix& b, Index k0, Index j0,
            Accumulate accumulate = Accumulate::kNo);

}  // namespace seekling
