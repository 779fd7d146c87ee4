#include "core/blocks.h"

#include <algorithm>
#include <cmath>

#include "core/half.h"

namespace seekling {

namespace {

// 1/d, or 0 if d is so small that it is zero in fp16: then the block is zero (1/d could overflow).
float inverse(float d) { return std::fabs(d) > 1e-30f ? 1 / d : 0; }

}  // namespace

BlockInt8 to_int8(const real* x, Index n) {
  float amax = 0;
  for (Index i = 0; i < n; ++i) amax = std::max(amax, std::fabs(float(x[i])));
  const float d = amax / 127, per_d = inverse(d);
  BlockInt8 block{to_half(d), {}};
  for (Index i = 0; i < n; ++i)
    block.q[i] = std::int8_t(std::clamp(std::round(float(x[i]) * per_d), -127.0f, 127.0f));
  return block;
}

BlockInt4 to_int4(const real* x, Index n) {
  float largest = 0;  // with its sign
  for (Index i = 0; i < n; ++i)
    if (std::fabs(float(x[i])) > std::fabs(largest)) largest = float(x[i]);
  const float d = largest / -8, per_d = inverse(d);
  BlockInt4 block{to_half(d), {}};
  const auto q = [&](Index i) {
    return i < n ? unsigned(std::clamp(float(x[i]) * per_d + 8.5f, 0.0f, 15.0f)) : 8u;
  };
  for (Index i = 0; i < kBlock / 2; ++i) block.q[i] = std::uint8_t(q(i) | q(i + kBlock / 2) << 4);
  return block;
}

void from_block(real* x, const BlockInt8& block, Index n) {
  const float d = from_half(block.d);
  for (Index i = 0; i < n; ++i) x[i] = d * float(block.q[i]);
}

void from_block(real* x, const BlockInt4& block, Index n) {
  const float d = from_half(block.d);
  for (Index i = 0; i < n; ++i) {
    const int both = block.q[i % (kBlock / 2)];
    x[i] = d * float((i < kBlock / 2 ? both & 15 : both >> 4) - 8);
  }
}

}  // namespace seekling
