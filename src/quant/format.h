// The storage formats of inference, for weights and cache rows.
//
//   format  bytes each  the stored value                        largest error
//   fp32    4           itself                                  0
//   bf16    2           the upper half of a float               2^-8 |x|, half a unit of its 8 bits
//   int8    34 / 32     d q, q = -127 .. 127, a half d a block  amax/254 + amax 2^-11 + 2^-18
//   int4    18 / 32     d (q - 8), q = 0 .. 15, d likewise      amax/8 + amax 2^-11 + 2^-22
//
// int8 and int4 are the blocks of core/blocks.h; amax is the largest |x| of 32 neighbours. The
// error of an int4 at the end of its range is up to d = amax/8, of all others up to d/2. The other
// terms come from rounding d to fp16: relative and, for tiny blocks, absolute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/blocks.h"
#include "tensor/storage.h"

namespace seekling {

enum class Format { kF32, kBF16, kInt8, kInt4 };
inline constexpr Format kFormats[] = {Format::kF32, Format::kBF16, Format::kInt8, Format::kInt4};

// What memory is made of: a load that lies in two lines of the nearest cache takes twice as long.
struct alignas(64) Line {
  std::byte bytes[64];
};

// Lines that every token reads from end to end: weights, and the cache. They are cut from the pool,
// whose pages are large ones. With pages of 4 KiB up to a seventh of a token's time went by until
// the next page's address was known.
template <class T>
struct FromPool {
  using value_type = T;
  T* allocate(std::size_t n) { return reinterpret_cast<T*>(pool::take(numbers(n))); }
  void deallocate(T* lines, std::size_t n) {
    pool::give(reinterpret_cast<real*>(lines), numbers(n));
  }
  static Index numbers(std::size_t n) { return Index(n * sizeof(T) / sizeof(real)); }
  bool operator==(const FromPool&) const = default;
};
using PooledLines = std::vector<Line, FromPool<Line>>;

std::string name(Format format);                                        // fp32, bf16, int8, int4
Format format_of(const std::string& flag, const std::string& written);  // Error for another name

Index row_bytes(Format format, Index n);  // of n values; a last block is filled with zeros

// Converts one row of n values to and from `format`, rounding to nearest. If real is double, fp32
// rows hold doubles; the short formats are the same.
void encode(Format format, std::byte* row, const real* x, Index n);
void decode(Format format, real* x, const std::byte* row, Index n);

}  // namespace seekling
