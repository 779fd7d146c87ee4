// What a forward pass carries besides the activations: what goes in for every layer, and what layers leave behind.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/router.h"
#include "tensor/tensor.h"

namespace seekling {

struct Pass {
  std::vector<std::int32_t> first;  // document mask [B,T] of attention(), or empty: plain causal

  Tensor balance_loss;           // Σ over MoE layers, one number; undefined without MoE layers or with alpha 0
  std::vector<Routing> routings;  // of each MoE layer, in order
  bool keep_hidden = false;      // fill the following, for looking inside
  std::vector<Tensor> router_logits;                // [N,E] of each MoE layer
  std::vector<Tensor> attn_out, mlp_out, residual;  // [B,T,D] of each layer; residual: the stream after the layer
  Tensor embedded, final_norm;                      // [B,T,D] before the first layer; after the last norm
};

}  // namespace seekling
