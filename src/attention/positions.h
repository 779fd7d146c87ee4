// RoPE at positions of any kind.
#pragma once

#include "attention/rope.h"

namespace seekling {

// cos and sin of the angles of tokens that stand at positions of their own, with the factor.
struct Angles {
  Angles(const std::vector<Index>& positions, const Rotary& rotary);

  Index pairs;
  std::vector<real> cos, sin;  // [tokens,pairs]
};

// Where the T tokens of x stand.
struct Positions {
  Positions(Index first) : start(first) {}                                 // first, first + 1, ...
  Positions(const Angles& each, Index row) : start(row), angles(&each) {}  // CPU

  Index start;                     // a position or, with angles, a row of them
  const Angles* angles = nullptr;  // rows start .. start + T - 1
};

// x [B,T,H,rope], each token turned to its position.
Tensor rope(const Tensor& x, const Positions& at, const Rotary& rotary);

}  // namespace seekling
