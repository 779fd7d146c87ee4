// RoPE at arbitrary positions.
#pragma once

#include "attention/rope.h"

namespace seekling {

// cos and sin of each token's angles, times the factor; each token has its own position.
struct Angles {
  Angles(const std::vector<Index>& positions, const Rotary& rotary);

  Index pairs;
  std::vector<real> cos, sin;  // [tokens,pairs]
};

// The positions of the T tokens of x.
struct Positions {
  Positions(Index first) : start(first) {}                                 // first, first + 1, ...
  Positions(const Angles& each, Index row) : start(row), angles(&each) {}  // CPU

  Index start;                     // the first position or, with angles, their first row
  const Angles* angles = nullptr;  // rows start .. start + T - 1
};

// x [B,T,H,rope], each token rotated to its position.
Tensor rope(const Tensor& x, const Positions& at, const Rotary& rotary);

}  // namespace seekling
