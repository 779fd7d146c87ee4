// AdamW. The moments m and v of each parameter are in moments.h.
#pragma once

#include <span>
#include <vector>

#include "optim/moments.h"
#include "tensor/tensor.h"

namespace seekling {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;  // of matrices; gains have one dimension and do not decay
  bool bf16_moments = false;  // the storage between updates; an update computes in fp32
};

// The scalars of one update, the same for every parameter.
struct Rates {
  real beta1, beta2, eps, clip;
  real step;  // lr / (1 - β1^t)
  real root;  // (1 - β2^t)^(-1/2)
};

// The operands of one parameter's update, n elements each. g is nullptr, and counts as 0, if the
// parameter got no gradient.
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

  // "NAME.m" and "NAME.v" for every parameter, in order: the state that resuming needs.
  const std::vector<Moment>& moments() const { return moment; }

  const std::vector<Tensor>& parameters() const { return theta; }

 private:
  AdamWOptions options;
  std::vector<Tensor> theta;
  std::vector<Index> sizes;
  std::vector<Moment> moment;  // m of parameter p at 2p, v at 2p + 1
};

}  // namespace seekling
