// Load balancing of experts, devices and communication: losses on the router's affinities, and a
// bias that steers the choice without a loss.
#pragma once

#include "experts/router.h"

namespace seekling {

struct BalanceOptions {
  real expert = 0, device = 0, communication = 0;  // α1, α2, α3
  Index n_group = 1;                               // D devices, each with the experts of a group
  Index topk_group = 1;                            // M: the most devices per token
  Affinity affinity = Affinity::kSoftmax;          // of the router

  // Is P computed from s_i / Σ_j s_j (V3)? A softmax already sums to 1.
  constexpr bool normalise() const { return affinity == Affinity::kSigmoid; }
};

// The sum of the three losses, a scalar. The N tokens are `sequences` sequences of equal length:
// each has its own f and P, and the loss is the mean over sequences.
Tensor balance_loss(const Routing& routing, Index sequences, const BalanceOptions& options);

using BalanceForward = void(View loss, View w, const Routing& routing,
                            const BalanceOptions& options);
using BalanceBackward = void(View ds, View d_loss, View w, View s, const BalanceOptions& options);
using UpdateCorrectionBias = void(View bias, const Ints& load, real speed);
namespace cpu {
BalanceForward balance_forward;
BalanceBackward balance_backward;
UpdateCorrectionBias update_correction_bias;
}  // namespace cpu
namespace cuda {
BalanceForward balance_forward;
BalanceBackward balance_backward;
UpdateCorrectionBias update_correction_bias;
}  // namespace cuda

// Updates bias [E] of a router; expert i got load[i] tokens in the last step. speed: γ.
void update_correction_bias(const Tensor& bias, const std::vector<Index>& load, real speed);

}  // namespace seekling
