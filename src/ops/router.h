// The router of a mixture of experts: from logits to chosen experts and gates.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

struct RouterOptions {
  Index K = 1;                        // num_experts_per_tok
  bool sigmoid = false;               // scoring_func: affinity by sigmoid (V3) or by softmax over all experts (V2)
  Index n_group = 1, topk_group = 1;  // devices (V2) or nodes (V3), and to how many a token may be sent
  bool top2_groups = false;           // a group's score: the sum of its two best (V3) or its best (V2)
  bool norm_topk_prob = false;        // gates normalised over the chosen K (V3)
  real routed_scaling_factor = 1;
};

struct Routing {
  Tensor s;                           // affinities [N,E]
  Tensor g;                           // gates [N,K] of the chosen experts
  std::vector<std::int32_t> experts;  // [N,K], ascending within a token
  std::vector<Index> load;            // tokens that chose each expert [E]
};

// logits [N,E]; bias [E] (V3's e_score_correction_bias: chooses, but weighs nothing) may be undefined.
Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options);

}  // namespace seekling
