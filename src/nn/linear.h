// The smallest layers: a linear map and the norms.
#pragma once

#include "core/products.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "quant/packed.h"
#include "tensor/tape.h"

namespace seekling {

// Bytes of weights packed for inference: all, and those that one token reads.
struct WeightBytes {
  Index all = 0, per_token = 0;

  WeightBytes() = default;
  WeightBytes(Index a, Index t) : all(a), per_token(t) {}
  explicit WeightBytes(Index bytes) : all(bytes), per_token(bytes) {}
  WeightBytes& operator+=(const WeightBytes& other) {
    all += other.all, per_token += other.per_token;
    return *this;
  }
};

// y = x Wᵀ. Holds either a tensor, for training, or packed weights, for inference. With packed
// weights the bits of a row of y depend only on the same row of x.
struct Linear {
  Tensor weight;  // [out,in]
  Packed packed;

  Linear() = default;
  Linear(Index in, Index out) : weight(Tensor::zeros({out, in})) {}
  explicit Linear(Tensor w) : weight(std::move(w)) {}
  Tensor operator()(const Tensor& x) const {
    return packed.defined() ? linear(x, packed) : linear(x, weight);
  }

  bool defined() const { return weight.defined() || packed.defined(); }
  void pack(Format format) {
    if (weight.defined()) packed = Packed(format, weight), weight = {};
  }
};

// A Linear that always multiplies in fp32. The router uses it: a small error in its logits can
// select a different expert.
struct PreciseLinear : Linear {
  using Linear::Linear;
  void pack() { Linear::pack(Format::kF32); }
  Tensor operator()(const Tensor& x) const {
    if (packed.defined()) return linear(x, packed);
    const MultiplyIn precise(Products::kFp32);
    return linear(x, weight);
  }
};

// A linear layer that widens its input. We keep the small input and recompute the large output in
// the backward pass.
struct UpProjection : Linear {
  using Linear::Linear;
  UpProjection(Linear linear) : Linear(std::move(linear)) {}
  Tensor operator()(const Tensor& x) const {
    if (packed.defined()) return linear(x, packed);
    const Tensor y = linear(x, weight);
    remakeable(y, Cost::kArithmetic, [x, W = weight](View again) {
      on(x.device(), cpu::linear_forward, cuda::linear_forward)(again, x, W);
    });
    return y;
  }
};

struct LayerNorm {
  Tensor weight, bias;  // [D]
  real eps = real(1e-6);

  LayerNorm() = default;
  LayerNorm(Index D, double epsilon)
      : weight(Tensor::zeros({D})), bias(Tensor::zeros({D})), eps(real(epsilon)) {}
  Tensor operator()(const Tensor& x) const { return layer_norm(x, weight, bias, eps); }

  LayerNorm copy() const {  // with numbers of its own
    LayerNorm norm = *this;
    norm.weight = weight.clone(), norm.bias = bias.clone();
    return norm;
  }
};

struct RmsNorm {
  Tensor weight;  // [D]
  real eps = real(1e-6);

  RmsNorm() = default;
  RmsNorm(Index D, double epsilon) : weight(Tensor::zeros({D})), eps(real(epsilon)) {}
  Tensor operator()(const Tensor& x) const { return rms_norm(x, weight, eps); }

  RmsNorm copy() const {  // a deep copy
    RmsNorm norm = *this;
    norm.weight = weight.clone();
    return norm;
  }
};

}  // namespace seekling
