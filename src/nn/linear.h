// The two smallest layers: a matrix, and a norm's gain.
#pragma once

#include "ops/linear.h"
#include "ops/rms_norm.h"

namespace seekling {

struct Linear {
  Tensor weight;  // [out,in]

  Linear() = default;
  Linear(Index in, Index out) : weight(Tensor::zeros({out, in})) {}
  explicit Linear(Tensor w) : weight(std::move(w)) {}
  Tensor operator()(const Tensor& x) const { return linear(x, weight); }
};

struct RmsNorm {
  Tensor weight;  // [D]
  real eps = real(1e-6);

  RmsNorm() = default;
  RmsNorm(Index D, double epsilon) : weight(Tensor::zeros({D})), eps(real(epsilon)) {}
  Tensor operator()(const Tensor& x) const { return rms_norm(x, weight, eps); }
};

}  // namespace seekling
