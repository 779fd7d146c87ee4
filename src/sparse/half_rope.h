// RoPE as the indexer has it.
#pragma once

#include "attention/positions.h"

namespace seekling {

// x [B,T,H,d], d at least 2 rotary.theta.size() = 2n: dimensions j and j + n of the first 2n turn
// together, the others stay. MLA's weights have the interleaved layout (attention/rope.h).
Tensor rope_halves(const Tensor& x, const Positions& at, const Rotary& rotary);

}  // namespace seekling
