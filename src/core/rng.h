// Random numbers that are the same on every machine and cheap to save: SplitMix64
// (Steele, Lea & Flood 2014). Its state is one 64-bit number, so an exact resume stores one number.
// A stream for (seed, step, row) is made by mixing these three, without generating earlier streams.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "core/real.h"

namespace seekling {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state(mix(seed + kGolden)) {}

  // An independent stream for each key: Rng(seed, step, row).
  template <class... Keys>
  Rng(std::uint64_t seed, std::uint64_t key, Keys... keys)
      : Rng(mix(seed + kGolden) ^ (key + 1) * kOdd, keys...) {}

  std::uint64_t next() { return mix(state += kGolden); }

  double uniform() { return double(next() >> 11) * 0x1p-53; }  // [0, 1)

  // 0 .. n-1. The high half of a 128-bit product: its bias, n / 2^64, is far
  // below anything measurable.
  Index below(Index n) {
    return Index((static_cast<Wide>(next()) * static_cast<std::uint64_t>(n)) >> 64);
  }

  double normal() {  // Box-Muller; 1 - uniform() is never 0
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  std::uint64_t state;

 private:
  __extension__ typedef unsigned __int128 Wide;  // of GCC and Clang; nvcc cannot take `using` here
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15, kOdd = 0xD1342543DE82EF95;

  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
};

}  // namespace seekling
