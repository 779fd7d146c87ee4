// What keeps experts, devices and the traffic between them evenly loaded: losses on the router's
// affinities, and a bias that steers the choice without any loss.
#pragma once

#include "experts/router.h"

namespace seekling {

struct BalanceOptions {
  real expert = 0, device = 0, communication = 0;  // α1, α2, α3
  Index n_group = 1;                               // D devices, each with the experts of a group
  Index topk_group = 1;                            // M: to how many devices a token may go
  Affinity affinity = Affinity::kSoftmax;          // the router's

  // P from s_i / Σ_j s_j (V3): a softmax has that sum already.
  constexpr bool normalise() const { return affinity == Affinity::kSigmoid; }
};

// The sum of the three losses, one number. The N tokens are `sequences` sequences of equal length:
// each has its own f and P, and the mean over sequences is taken.
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

// bias [E] of a router whose experts got load[i] tokens in the last step; speed: γ.
void update_correction_bias(const Tensor& bias, const std::vector<Index>& load, real speed);

}  // namespace seekling
