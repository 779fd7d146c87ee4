// RoPE in the half-split layout, on the first dimensions only. DeepSeek-V3.2's indexer; equations
// in attention/rope.cpp, with the pair (x_j, x_j+n) in place of (x_2j, x_2j+1).
// The released weights need this layout. With the interleaved one they load, text of up to
// index_topk tokens is unchanged, and longer text gets the wrong keys.
// No twin: sparse attention runs on the CPU.
#include "sparse/half_rope.h"

#include <numeric>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

// y += x turned by sign · angle; the token at index t has row first + t of the angles.
static void turn_halves(View y, View x, Index T, Index H, const Angles& angles, Index first,
                        real sign) {
  parallel_for(x.rows / H, /*grain=*/16, [&](Index token) {
    const Index n = angles.pairs, at = (first + token % T) * n;
    for (Index row = token * H; row < (token + 1) * H; ++row) {
      for (Index j = 0; j < n; ++j) {
        const real c = angles.cos[size_t(at + j)], s = sign * angles.sin[size_t(at + j)];
        y(row, j) += x(row, j) * c - x(row, j + n) * s;
        y(row, j + n) += x(row, j) * s + x(row, j + n) * c;
      }
      for (Index j = 2 * n; j < x.cols; ++j) y(row, j) += x(row, j);
    }
  });
}

Tensor rope_halves(const Tensor& x, const Positions& at, const Rotary& rotary) {
  check(x.shape().count() == 4 && x.cols() >= 2 * Index(rotary.theta.size()), "rope_halves: x ",
        x.shape(), " must be [B, T, H, ", 2 * rotary.theta.size(), " or more]");
  const Index T = x.dim(1), H = x.dim(2);
  std::vector<Index> positions(at.angles ? 0 : size_t(T));
  std::iota(positions.begin(), positions.end(), at.start);
  const auto own = std::make_shared<const Angles>(positions, rotary);
  const Tensor y = Tensor::zeros(x.shape());
  if (at.angles) turn_halves(y, x, T, H, *at.angles, at.start, +1);
  else turn_halves(y, x, T, H, *own, 0, +1);
  if (!recording()) return y;
  check(!at.angles, "rope_halves: positions of a step of inference have no gradient");
  record("rope_halves", {x}, {y},
         [=, dx = x.grad(), dy = y.grad()] { turn_halves(dx, dy, T, H, *own, 0, -1); });
  return y;
}

}  // namespace seekling
