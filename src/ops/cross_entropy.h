// The output head fused with its loss, so that the logits of a whole batch never exist.
#pragma once

#include <cstdint>
#include <span>

#include "core/ignored.h"
#include "tensor/ints.h"
#include "tensor/tensor.h"

namespace seekling {

// The weighted mean of -log softmax(W h)[target], in nats; a scalar, 0 if no target is counted.
// h [..,D], W [V,D]. targets: one per row of h, in [0, V) or kIgnored. weights: one per target, at
// least 0; empty: all 1. An ignored target has weight 0, and a target of weight 0 is ignored.
// per_row, if given, receives each row's unweighted loss.
Tensor head_cross_entropy(const Tensor& h, const Tensor& W, std::span<const std::int32_t> targets,
                          std::span<const float> weights = {}, double* per_row = nullptr);

// Computes loss [1] and, unless they are empty, dh and dW (zero on entry). z is scratch for logits;
// its rows are the chunk size. counted: the sum of the weights, or 1 if that is 0.
using HeadCrossEntropyForward = void(View loss, View dh, View dW, View z, View h, View W,
                                     const Ints& targets, View weights, double counted,
                                     double* per_row);
using HeadCrossEntropyBackward = void(View into_h, View into_W, View d_loss, View dh, View dW,
                                      double counted);
namespace cpu {
HeadCrossEntropyForward head_cross_entropy_forward;
HeadCrossEntropyBackward head_cross_entropy_backward;
}  // namespace cpu
namespace cuda {
HeadCrossEntropyForward head_cross_entropy_forward;
HeadCrossEntropyBackward head_cross_entropy_backward;
}  // namespace cuda

}  // namespace seekling
