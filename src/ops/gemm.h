// Matrix products, the nine tenths of a training step. Three of them, for the three that a linear layer needs:
//
//   gemm_nt   C[M,N] (+)= A[M,K] B[N,K]ᵀ     y  = x Wᵀ      forward: a checkpoint's W is [out, in]
//   gemm_nn   C[M,N] (+)= A[M,K] B[K,N]      dx = dy W      backward, to the input
//   gemm_tn   C[M,N] (+)= A[K,M]ᵀ B[K,N]     dW = dyᵀ x     backward, to the weight
//
// Each takes one product or a group of them: a layer's experts, whose row counts differ, are shared out among the
// threads as one piece of work. The C of a group must not overlap. Any size may be 0; K = 0 is a sum of nothing.
//
// The bits of C do not depend on the number of threads. Inside a parallel region a product runs on its own thread, so
// attention can multiply small tiles there. After the first call of a size nothing is allocated.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace seekling {

struct Gemm {
  View c, a, b;
};

enum class Accumulate { kNo, kYes };  // C = ..., C += ...

// How to let a product flow into a gradient: the first one may be stored. Ask before the View is taken, which fills with
// zeros a gradient that nothing has flowed into.
inline Accumulate flow_into(const Tensor& gradient) { return gradient.claim() ? Accumulate::kNo : Accumulate::kYes; }

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);
void gemm_nn(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);
void gemm_tn(std::span<const Gemm> group, Accumulate accumulate = Accumulate::kNo);

void gemm_nt(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_nn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);
void gemm_tn(View c, View a, View b, Accumulate accumulate = Accumulate::kNo);

}  // namespace seekling
