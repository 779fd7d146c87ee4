// Q6_K, a block of 256 numbers in 210 bytes, 6.6 bits each, as ggml has it (block_q6_K and
// dequantize_row_q6_K, https://github.com/ggml-org/ggml). Each 16 numbers have a scale s of 8 bits;
// with q = 0 .. 63:
//
//   x = d s (q - 32)
//
// The block has two halves of 128 numbers. Number i of half h is in quarter k = i / 32 of its half,
// at place j = i mod 32:
//
//   byte   0  bits 3 .. 0 of each q, 128 bytes: byte 64 h + 32 (k mod 2) + j has the number in its
//             lower half if k < 2, otherwise in its upper half
//        128  bits 5 4 of each q, 64 bytes: byte 32 h + j has them in its bits 2 k + 1 and 2 k
//        192  the scales, 16 bytes with a sign: number n of the block has scale n / 16
//        208  d, a half
#pragma once

#include "core/half.h"
#include "core/real.h"

namespace seekling {

struct BlockQ6K {
  static constexpr Index kNumbers = 256;
  std::uint8_t low[128], high[64];
  std::int8_t scales[16];
  std::uint16_t d;
};
static_assert(sizeof(BlockQ6K) == 210);

inline void from_block(float* x, const BlockQ6K& block) {
  const float d = from_half(block.d);
  for (Index n = 0; n < BlockQ6K::kNumbers; ++n) {
    const Index h = n / 128, k = n % 128 / 32, j = n % 32;
    const int low = (block.low[64 * h + k % 2 * 32 + j] >> (k / 2 * 4)) & 15;
    const int high = (block.high[32 * h + j] >> (2 * k)) & 3;
    x[n] = d * float(block.scales[n / 16]) * float((high << 4 | low) - 32);
  }
}

}  // namespace seekling
