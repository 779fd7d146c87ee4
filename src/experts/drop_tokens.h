// Token dropping: a bound on the work of each device, in training.
#pragma once

#include <vector>

#include "experts/router.h"

namespace seekling {

// Drops choices so that no device has more than `capacity` times the mean of them,
// where that can be had without touching the sequences s with keep[s] set (empty: none).
// The N tokens are keep.size() sequences of equal length. Returns which of the routing's choices
// are dropped, [N,K]; empty if none is.
std::vector<char> dropped_choices(const Routing& routing, Index n_group, double capacity,
                                  const std::vector<char>& keep);

}  // namespace seekling
