// The results of a forward pass besides the next-token loss: auxiliary losses and routings.
#pragma once

#include <vector>

#include "experts/router.h"
#include "tensor/tensor.h"

namespace seekling {

struct Losses {
  Tensor balance;                 // a scalar, Σ over MoE layers; undefined if there is none
  std::vector<Tensor> mtp;        // a scalar for each depth of multi-token prediction
  std::vector<Routing> routings;  // of each MoE layer, in order
};

}  // namespace seekling
