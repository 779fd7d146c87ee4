// Token dropping: a bound on the work of each device, for training.
#pragma once

#include <vector>

#include "experts/router.h"

namespace seekling {

// Drops choices so that no device has more than `capacity` times the mean load, as far as that is
// possible without touching sequences s with keep[s] set (empty: none). The N tokens are
// keep.size() sequences of equal length. Returns a flag for each dropped choice, [N,K]; empty if
// none is dropped.
std::vector<char> dropped_choices(const Routing& routing, Index n_group, double capacity,
                                  const std::vector<char>& keep);

}  // namespace seekling
