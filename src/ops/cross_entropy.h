// The output head and its loss in one, so that the logits of a whole batch never exist.
#pragma once

#include <cstdint>
#include <span>

#include "core/ignored.h"
#include "tensor/tensor.h"

namespace seekling {

// Mean over the counted targets of -log softmax(W h)[target], in nats; one number, 0 if none is counted.
// h [..,D], W [V,D], targets: one for each row of h, in [0, V) or kIgnored. per_row, if given, gets each row's loss.
Tensor head_cross_entropy(const Tensor& h, const Tensor& W, std::span<const std::int32_t> targets,
                          double* per_row = nullptr);

}  // namespace seekling
