// Q4_K, a block of 256 numbers in 144 bytes, 4.5 bits each, as ggml has it (block_q4_K and
// dequantize_row_q4_K, https://github.com/ggml-org/ggml). The block has 8 parts of 32 numbers. Part
// p has a scale s[p] and a minimum m[p] of 6 bits each; with q = 0 .. 15:
//
//   x = d s[p] q - dmin m[p]
//
//   byte   0  d, a half
//          2  dmin, a half
//          4  the scales and minima, 12 bytes:
//               byte      bits 7 6            bits 5 4   bits 3 2 1 0
//               0 .. 3    s[4 + byte], 5 4    s[byte], 5 .. 0
//               4 .. 7    m[byte], 5 4        m[byte - 4], 5 .. 0
//               8 .. 11   m[byte - 4], 3 .. 0            s[byte - 4], 3 .. 0
//         16  the q, 128 bytes: byte 32 i + j has number j of part 2 i in its lower half, and
//             number j of part 2 i + 1 in its upper half
#pragma once

#include "core/half.h"
#include "core/real.h"

namespace seekling {

struct BlockQ4K {
  static constexpr Index kNumbers = 256, kParts = 8, kPart = 32;
  std::uint16_t d, dmin;
  std::uint8_t scales[12], q[128];

  int scale(Index p) const {
    return p < 4 ? scales[p] & 63 : (scales[p + 4] & 15) | scales[p - 4] >> 6 << 4;
  }
  int minimum(Index p) const {
    return p < 4 ? scales[p + 4] & 63 : scales[p + 4] >> 4 | scales[p] >> 6 << 4;
  }
};
static_assert(sizeof(BlockQ4K) == 144);

inline void from_block(float* x, const BlockQ4K& block) {
  const float d = from_half(block.d), dmin = from_half(block.dmin);
  for (Index p = 0; p < BlockQ4K::kParts; ++p) {
    const float scale = d * float(block.scale(p)), minimum = dmin * float(block.minimum(p));
    for (Index j = 0; j < BlockQ4K::kPart; ++j) {
      const int q = (block.q[p / 2 * 32 + j] >> (p % 2 * 4)) & 15;
      *x++ = scale * float(q) - minimum;
    }
  }
}

}  // namespace seekling
