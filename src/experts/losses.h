// The losses that a forward pass leaves behind besides that of the next token, and the routers'
// choices.
#pragma once

#include <vector>

#include "experts/router.h"
#include "tensor/tensor.h"

namespace seekling {

struct Losses {
  Tensor balance;                 // one number, Σ over MoE layers; undefined if there is none
  std::vector<Tensor> mtp;        // of each depth of multi-token prediction, one number each
  std::vector<Routing> routings;  // of each MoE layer, in order
};

}  // namespace seekling
