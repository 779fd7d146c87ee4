// AdamW. Its memory of past gradients, the moments m and v of each parameter, is in moments.h.
#pragma once

#include <span>
#include <vector>

#include "optim/moments.h"
#include "tensor/tensor.h"

namespace seekling {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;  // of matrices; gains, which have one dimension, do not decay
  bool bf16_moments = false;  // kept so between updates; an update reckons in fp32
};

// One update's numbers, the same for every parameter.
struct Rates {
  real beta1, beta2, eps, clip;
  real step;  // lr / (1 - β1^t)
  real root;  // (1 - β2^t)^(-1/2)
};

// What an update reads and writes of one parameter, n numbers each. g is nullptr where
// no gradient came: it counts as 0.
struct ParameterUpdate {
  real *theta, *g;
  Kept m, v;
  Index n;
  real decay;  // lr λ, or 0
};

using AdamWUpdate = void(std::span<const ParameterUpdate> parameters, const Rates& rates);
namespace cpu {
AdamWUpdate adamw_update;
}
namespace cuda {
AdamWUpdate adamw_update;
}

class AdamW {
 public:
  AdamW(const NamedTensors& parameters, AdamWOptions options);  // moments 0

  // Update number t, counted from 1, by the parameters' gradients times `clip`.
  // Gradients stay as they are.
  void update(Index t, double lr, double clip = 1) const;

  // "NAME.m" and "NAME.v" for every parameter, in order: what has to be kept to go on later.
  const std::vector<Moment>& moments() const { return moment; }

  const std::vector<Tensor>& parameters() const { return theta; }

 private:
  AdamWOptions options;
  std::vector<Tensor> theta;
  std::vector<Index> sizes;
  std::vector<Moment> moment;  // m of parameter p at 2p, v at 2p + 1
};

}  // namespace seekling
