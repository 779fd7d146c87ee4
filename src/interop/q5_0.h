// Q5_0, a block of 32 numbers in 22 bytes, 5.5 bits each, as ggml has it (block_q5_0 and
// dequantize_row_q5_0, https://github.com/ggml-org/ggml). In a file of the kind Q4_K_M it holds the
// matrices whose rows are not filled by blocks of 256. With q = 0 .. 31:
//
//   x = d (q - 16)
//
//   byte  0  d, a half
//         2  bit 4 of each q, 4 bytes, little-endian: bit i is of number i
//         6  bits 3 .. 0 of each q, 16 bytes: byte i has number i in its lower half, and number
//            i + 16 in its upper half
#pragma once

#include "core/half.h"
#include "core/real.h"

namespace seekling {

struct BlockQ5_0 {
  static constexpr Index kNumbers = 32;
  std::uint16_t d;
  std::uint8_t high[4], low[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

inline void from_block(float* x, const BlockQ5_0& block) {
  const float d = from_half(block.d);
  for (Index i = 0; i < BlockQ5_0::kNumbers; ++i) {
    const int low = (block.low[i % 16] >> (i / 16 * 4)) & 15;
    const int high = (block.high[i / 8] >> (i % 8)) & 1;
    x[i] = d * float((high << 4 | low) - 16);
  }
}

}  // namespace seekling
