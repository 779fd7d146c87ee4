// Rotary position embedding in the interleaved layout of DeepSeek's weights.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// The rotation speed of each pair of dimensions, in radians per position, and a factor on the
// result (1 without YaRN).
struct Rotary {
  std::vector<double> theta;
  double factor = 1;

  bool operator==(const Rotary&) const = default;
  static Rotary plain(Index rope, double base);  // θ_j = base^(-2j/rope), j = 0 .. rope/2 - 1
};

// x [B,T,H,rope]; the token at index t has position start + t.
Tensor rope(const Tensor& x, Index start, const Rotary& rotary);

// y (+)= x rotated by sign · p θ; rows of x and y are (b, t, h).
using RopeTurn = void(View y, View x, Index T, Index H, Index start, const Rotary& rotary, int sign,
                      bool accumulate);
namespace cpu {
RopeTurn turn;
}
namespace cuda {
RopeTurn turn;
}

}  // namespace seekling
