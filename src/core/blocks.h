// Quantisation in blocks of 32 values that share a scale d, bit for bit as in ggml
// (https://github.com/ggml-org/ggml): int8 is its Q8_0, int4 its Q4_0.
//
//   int8  x ≈ d q        q = -127 .. 127   d = max |x| / 127
//   int4  x ≈ d (q - 8)  q = 0 .. 15       d = x / -8 for the x of largest size: its q is exactly 0
//
// d is stored as fp16; q is computed with d before that rounding. The error of int8 is at most d/2,
// plus the effect of rounding d. int4 has one step less on the side opposite to the largest x: a
// value near -x is clipped to q = 15, an error of up to d.
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
