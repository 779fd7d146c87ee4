// What a forward pass carries besides the activations: what goes in for every layer,
// and what layers leave behind.
#pragma once

#include <cstdint>
#include <vector>

#include "experts/router.h"
#include "tensor/tensor.h"

namespace seekling {

struct Pass {
  std::vector<std::int32_t>
      document_start;  // document mask [B,T] of attention(), or empty: plain causal

  bool predict_further = false;  // run the modules of multi-token prediction too
  real device_loss_alpha = 0, communication_loss_alpha = 0;  // α2, α3; α1 is the config's
  double capacity_factor = 0;  // a device's budget over the mean load; 0: nothing is dropped
  std::vector<char> keep;      // [B] sequences of which nothing is dropped, or empty

  bool want_balance_loss = true;
  Tensor balance_loss;                // scalar, Σ over MoE layers; undefined if there is none
  std::vector<Tensor> mtp_losses;     // of each depth of multi-token prediction, one number each
  std::vector<Routing> routings;      // of each MoE layer, in order
  bool keep_hidden = false;           // fill the following, for looking inside
  std::vector<Tensor> router_logits;  // [N,E] of each MoE layer
  std::vector<Tensor> attn_out, mlp_out, residual;  // [B,T,D] by layer; residual: after it
  Tensor embedded, final_norm;                      // [B,T,D] before all layers; after the norm
};

}  // namespace seekling
