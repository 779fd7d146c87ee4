// A separate matrix for each head, on a GPU: equations and derivation as in per_head.cpp.
#include "attention/per_head.h"
#include "matmul/gemm.h"

namespace seekling {

namespace {

// One product per head: every H-th row of x, and one row of W read as a matrix.
cuda::Batch heads(View x, Index H) { return {{x.data, x.rows / H, x.cols, H * x.ld}, x.ld}; }
cuda::Batch matrices(View W, Index rows) {
  return {{W.data, rows, W.cols / rows, W.cols / rows}, W.ld};
}

}  // namespace

void cuda::per_head_forward(View y, View x, View W, Index rows, bool transposed) {
  const Index H = W.rows;
  (transposed ? gemm_nt_batch : gemm_nn_batch)(H, heads(y, H), heads(x, H), matrices(W, rows),
                                               Accumulate::kNo);
}

void cuda::per_head_backward(View dx, View dW, View dy, View x, View W, Index rows,
                             bool transposed) {
  const Index H = W.rows;
  (transposed ? gemm_nn_batch : gemm_nt_batch)(H, heads(dx, H), heads(dy, H), matrices(W, rows),
                                               Accumulate::kYes);
  const View left = transposed ? dy : x, right = transposed ? x : dy;
  gemm_tn_batch(H, matrices(dW, rows), heads(left, H), heads(right, H), Accumulate::kYes);
}

}  // namespace seekling
