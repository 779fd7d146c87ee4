// The router of a mixture of experts: from logits to chosen experts and gates.
#pragma once

#include "tensor/ints.h"
#include "tensor/tensor.h"

namespace seekling {

struct RouterOptions {
  Index K = 1;                        // num_experts_per_tok
  bool sigmoid = false;               // scoring_func: sigmoid (V3), or softmax over E (V2)
  Index n_group = 1, topk_group = 1;  // devices (V2) or nodes (V3), and those of a token
  bool top2_groups = false;           // a group's score: its best two (V3), or its best (V2)
  bool norm_topk_prob = false;        // gates normalised over the chosen K (V3)
  real routed_scaling_factor = 1;
};

struct Routing {
  Tensor s;      // affinities [N,E]
  Tensor g;      // gates [N,K] of the chosen experts
  Ints experts;  // [N,K], ascending within a token
  Ints load;     // tokens that chose each expert [E]
};

// logits [N,E]; bias [E] (V3's e_score_correction_bias: chooses, but weighs nothing)
// may be undefined.
Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options);

using RouteForward = void(const Routing& filled, View logits, View bias,
                          const RouterOptions& options);
using RouteBackward = void(View dlogits, View ds, View dg, const Routing& routing,
                           const RouterOptions& options);
namespace cpu {
RouteForward route_forward;
RouteBackward route_backward;
}  // namespace cpu
namespace cuda {
RouteForward route_forward;
RouteBackward route_backward;
}  // namespace cuda

}  // namespace seekling
