// The smallest layers: a matrix, and a norm's gain.
#pragma once

#include "core/products.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "tensor/tape.h"

namespace seekling {

struct Linear {
  Tensor weight;  // [out,in]

  Linear() = default;
  Linear(Index in, Index out) : weight(Tensor::zeros({out, in})) {}
  explicit Linear(Tensor w) : weight(std::move(w)) {}
  Tensor operator()(const Tensor& x) const { return linear(x, weight); }
};

// One whose products are never rounded: the router's, where a little error picks another expert.
struct PreciseLinear : Linear {
  using Linear::Linear;
  Tensor operator()(const Tensor& x) const {
    const MultiplyIn precise(Products::kFp32);
    return linear(x, weight);
  }
};

// A linear layer from few numbers to many: keeping its input and multiplying once more in backward
// saves keeping its output.
struct UpProjection : Linear {
  using Linear::Linear;
  UpProjection(Linear linear) : Linear(std::move(linear)) {}
  Tensor operator()(const Tensor& x) const {
    const Tensor y = linear(x, weight);
    remakeable(y, Cost::kArithmetic, [x, W = weight](View again) {
      on(x.device(), cpu::linear_forward, cuda::linear_forward)(again, x, W);
    });
    return y;
  }
};

struct RmsNorm {
  Tensor weight;  // [D]
  real eps = real(1e-6);

  RmsNorm() = default;
  RmsNorm(Index D, double epsilon) : weight(Tensor::zeros({D})), eps(real(epsilon)) {}
  Tensor operator()(const Tensor& x) const { return rms_norm(x, weight, eps); }
};

}  // namespace seekling
