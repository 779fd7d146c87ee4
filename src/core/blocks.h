// Numbers in blocks of 32 that share a factor d, as ggml (https://github.com/ggml-org/ggml) has
// them: int8 is its Q8_0, int4 its Q4_0, both to the bit.
//
//   int8  x ≈ d q        q = -127 .. 127   d = max |x| / 127
//   int4  x ≈ d (q - 8)  q = 0 .. 15       d = x / -8 for the x of largest size: its q is exactly 0
//
// d is kept as a half; q is chosen by the d before that rounding. No int8 moves by more than d/2,
// and what rounding d adds. An int4 has one step less on the side of the largest: a number near -x,
// too, is cut to q = 15 and off by up to a whole d.
#pragma once

#include <cstdint>

#include "core/real.h"

namespace seekling {

constexpr Index kBlock = 32;

struct BlockInt8 {
  std::uint16_t d;
  std::int8_t q[kBlock];
};
struct BlockInt4 {
  std::uint16_t d;
  std::uint8_t q[kBlock / 2];  // byte i: q of value i in the lower half, of i + 16 in the upper
};
static_assert(sizeof(BlockInt8) == 34 && sizeof(BlockInt4) == 18);

BlockInt8 to_int8(const real* x, Index n = kBlock);  // the first n values, then zeros
BlockInt4 to_int4(const real* x, Index n = kBlock);
void from_block(real* x, const BlockInt8& block, Index n = kBlock);  // the first n
void from_block(real* x, const BlockInt4& block, Index n = kBlock);

}  // namespace seekling
