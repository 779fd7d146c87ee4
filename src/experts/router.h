// The router of a mixture of experts: from logits to chosen experts and gate values.
#pragma once

#include "tensor/ints.h"
#include "tensor/tensor.h"

namespace seekling {

enum class Affinity {  // s from the logits:
  kSoftmax,            //   softmax over all E experts (V2 eq. 22)
  kSigmoid,            //   sigmoid of each (V3 eq. 15)
};
enum class GroupScore {  // the best groups are:
  kBest,                 //   those with the best expert (V2 §2.2.2)
  kSumOfBestTwo,         //   those whose best two experts have the largest sum (V3 §2.1.2)
};
enum class Choice {  // the scores for choosing experts:
  kAffinity,         //   s (V2 eq. 21)
  kBiasedAffinity,   //   s + b, a bias that follows the load without a gradient (V3 eq. 16)
};
enum class Gate {  // g of a chosen expert, before the factor routed_scaling_factor:
  kAffinity,       //   its affinity (V2 eq. 21)
  kNormalised,     //   its affinity divided by the sum over the chosen (V3 eq. 13)
};

struct RouterOptions {
  Index K = 1;  // num_experts_per_tok
  Affinity affinity = Affinity::kSoftmax;
  Index n_group = 1, topk_group = 1;  // devices (V2) or nodes (V3): all, and the most per token
  GroupScore group_score = GroupScore::kBest;
  Choice choice = Choice::kAffinity;
  Gate gate = Gate::kAffinity;
  real routed_scaling_factor = 1;
};

struct Routing {
  Tensor s;      // affinities [N,E]
  Tensor g;      // gates [N,K] of the chosen experts
  Ints experts;  // [N,K], ascending within a token
  Ints load;     // [E] number of tokens that chose each expert
};

// logits [N,E]. bias [E] is V3's e_score_correction_bias, which affects the choice but not the
// gates; it may be undefined.
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
