// How numbers are stored for inference: weights and cache rows alike.
//
//   format   bytes a number   a number is                                 error at most
//   fp32     4                itself                                      0
//   bf16     2                the upper half of a float                   2^-8 |x|, half a unit of its 8 bits
//   int8     34 / 32          d q, q = -127 .. 127, d one half a block    amax/254 + amax 2^-11 + 2^-18
//   int4     18 / 32          d (q - 8), q = 0 .. 15, d one half a block  amax/8 + amax 2^-11 + 2^-22
//
// int8 and int4 are the blocks Q8_0 and Q4_0 of llama.cpp: 32 neighbours share a scale d, and amax is the block's largest
// |x|. int8: d = amax/127, so rounding is off by d/2 at most. int4: the number of largest size becomes q = 0 exactly,
// hence d = -x/8 for that x; on the other side q ends at 15, one short of 16, so a number near -x is off by a whole d
// = amax/8, all others by d/2. The other terms are the rounding of d to a half, relative and, for tiny blocks, absolute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/real.h"

namespace seekling {

enum class Format { kF32, kBF16, kInt8, kInt4 };

constexpr Index kBlock = 32;  // numbers that share a scale

// What memory is made of: a load that lies in two lines of the nearest cache takes twice as long.
struct alignas(64) Line {
  std::byte bytes[64];
};

std::string name(Format format);                                        // fp32, bf16, int8, int4
Format format_of(const std::string& flag, const std::string& written);  // Error, naming the flag, for another name

Index row_bytes(Format format, Index n);  // of n numbers stored together; a last block is filled up with zeros

// One row of n numbers, from and to float. Rounding is to the nearest.
void encode(Format format, std::byte* row, const float* x, Index n);
void decode(Format format, float* x, const std::byte* row, Index n);

// To the nearest integer, ties to the even one; |x| < 2^22. Unlike std::nearbyint it is two instructions in a vector, too.
inline float rounded(float x) { return (x + 12582912.0f) - 12582912.0f; }

struct BlockInt8 {
  std::uint16_t d;  // a half
  std::int8_t q[kBlock];
};
struct BlockInt4 {
  std::uint16_t d;
  std::uint8_t q[kBlock / 2];  // q of number i in the lower half of byte i, of number i + 16 in the upper
};
static_assert(sizeof(BlockInt8) == 34 && sizeof(BlockInt4) == 18);

BlockInt8 to_int8(const float* x, Index n);  // the first n <= 32 numbers of the block, zeros after them
BlockInt4 to_int4(const float* x, Index n);

}  // namespace seekling
