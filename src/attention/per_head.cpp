// y_h = x_h W_h (per_head) and y_h = x_h W_hᵀ (per_head_t): one small matrix per head.
// W [H, rows·cols] holds each W_h row-major.
// Absorption, DeepSeek-V2 (arXiv:2405.04434) §2.1.2:
//   q^C·(W^UK c) = (W^UKᵀ q^C)·c      Σ_j p_j W^UV c_j = W^UV Σ_j p_j c_j
// so keys and values need not be expanded from the cached latents.
// Backward: dx_h = dy_h W_hᵀ (or dy_h W_h) and dW_h = x_hᵀ dy_h (or dy_hᵀ x_h).
#include "attention/per_head.h"

#include <vector>

#include "core/check.h"
#include "matmul/gemm.h"
#include "tensor/tape.h"

namespace seekling {

// The rows of x that belong to head h: every H-th.
static View head(View x, Index h, Index H) {
  return {x.data + h * x.ld, x.rows / H, x.cols, H * x.ld};
}
static View matrix(View W, Index h, Index rows) {
  return {W.data + h * W.ld, rows, W.cols / rows, W.cols / rows};
}

template <class Make>
static std::vector<Gemm> heads(Index H, Make&& make) {
  std::vector<Gemm> products;
  for (Index h = 0; h < H; ++h) products.push_back(make(h));
  return products;
}

void cpu::per_head_forward(View y, View x, View W, Index rows, bool transposed) {
  const Index H = W.rows;
  const auto products = heads(H, [=](Index h) {
    return Gemm{head(y, h, H), head(x, h, H), matrix(W, h, rows)};
  });
  transposed ? gemm_nt(products) : gemm_nn(products);
}

void cpu::per_head_backward(View dx, View dW, View dy, View x, View W, Index rows,
                            bool transposed) {
  const Index H = W.rows;
  const auto into_x = heads(H, [=](Index h) {
    return Gemm{head(dx, h, H), head(dy, h, H), matrix(W, h, rows)};
  });
  transposed ? gemm_nn(into_x, Accumulate::kYes) : gemm_nt(into_x, Accumulate::kYes);
  const View left = transposed ? dy : x, right = transposed ? x : dy;
  const auto into_W = heads(H, [=](Index h) {
    return Gemm{matrix(dW, h, rows), head(left, h, H), head(right, h, H)};
  });
  gemm_tn(into_W, Accumulate::kYes);
}

static Tensor apply(const Tensor& x, const Tensor& W, Index rows, bool transposed) {
  const Index H = W.dim(0), cols = W.cols() / rows, in = transposed ? cols : rows,
              out = transposed ? rows : cols;
  check(x.shape().count() == 4 && x.dim(2) == H && x.cols() == in, "per_head: x ", x.shape(),
        " must be [B, T, ", H, ", ", in, "]");
  const Tensor y({x.dim(0), x.dim(1), H, out}, x.device());
  on(x.device(), cpu::per_head_forward, cuda::per_head_forward)(y, x, W, rows, transposed);
  record("per_head", {x, W}, {y}, [x, W, dy = y.grad(), rows, transposed] {
    on(x.device(), cpu::per_head_backward, cuda::per_head_backward)(x.grad(), W.grad(), dy, x, W,
                                                                    rows, transposed);
  });
  return y;
}

Packed pack_per_head_t(Format format, const Tensor& W, Index rows) {
  std::vector<View> matrices;
  for (Index h = 0; h < W.dim(0); ++h) matrices.push_back(matrix(W, h, rows));
  return Packed(format, matrices);
}

Packed pack_per_head(Format format, const Tensor& W, Index rows) {
  const Index H = W.dim(0), cols = W.cols() / rows;
  const Tensor transposed({H, cols, rows});
  for (Index h = 0; h < H; ++h)
    transposed.view().middle_rows(h * cols, cols).matrix() =
        matrix(W, h, rows).matrix().transpose();
  return Packed(format, transposed);
}

Tensor per_head(const Tensor& x, const Packed& W) {
  const Index H = W.count;
  const Tensor y({x.dim(0), x.dim(1), H, W.out});
  std::vector<PackedProduct> products;
  for (Index h = 0; h < H; ++h) products.push_back({head(y, h, H), head(x, h, H), &W, h});
  multiply(products);
  return y;
}

Tensor per_head(const Tensor& x, const Tensor& W, Index rows) { return apply(x, W, rows, false); }
Tensor per_head_t(const Tensor& x, const Tensor& W, Index rows) { return apply(x, W, rows, true); }

}  // namespace seekling
