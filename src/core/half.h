// Conversions between float and the short floating-point types of checkpoints.
//   F16      1 sign, 5 exponent, 10 mantissa bits
//   BF16     1, 8, 7: the upper half of a float
//   F8_E4M3  1, 4, 3, without infinities: DeepSeek-V3's weights
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace seekling {

constexpr float from_bf16(std::uint16_t b) { return std::bit_cast<float>(std::uint32_t(b) << 16); }

constexpr std::uint16_t to_bf16(float x) {  // to the nearest, ties to the even one
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  if (x != x) return std::uint16_t((bits >> 16) | 0x40);  // NaN: rounding could yield infinity
  return std::uint16_t((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

inline float from_half(std::uint16_t h) {
  const std::uint32_t sign = std::uint32_t(h >> 15) << 31, exponent = (h >> 10) & 31,
                      mantissa = h & 1023;
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * float(mantissa) * 0x1p-24f;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (mantissa << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

inline std::uint16_t to_half(float x) {  // to nearest, ties to even; infinity above 65504
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x), sign = (bits >> 16) & 0x8000;
  const float size = std::fabs(x);
  if (std::isnan(x)) return std::uint16_t(sign | 0x7E00);
  if (size >= 65520.0f) return std::uint16_t(sign | 0x7C00);
  // A subnormal number.
  if (size < 0x1p-14f) return std::uint16_t(sign | std::uint32_t(std::nearbyint(size * 0x1p24f)));
  const std::uint32_t rounded = (bits & 0x7FFFFFFF) + 0xFFF + ((bits >> 13) & 1);
  return std::uint16_t(sign | ((rounded >> 13) - (112u << 10)));
}

// To nearest, ties to even; a size above 448, infinity included, becomes 448.
inline std::uint8_t to_e4m3(float x) {
  const std::uint8_t sign = std::signbit(x) ? 0x80 : 0;
  const float size = std::fabs(x);
  if (std::isnan(x)) return 0x7F;
  if (size >= 448) return sign | 0x7E;
  int exponent = 0;
  std::frexp(size, &exponent);                      // size = f 2^exponent with f in [1/2, 1)
  const int e = size < 0x1p-6f ? 1 : exponent + 6;  // of the code, or 1 for a subnormal number
  const int mantissa = int(std::nearbyint(std::ldexp(size, 10 - e)));  // with the leading 1, of 8
  return std::uint8_t(sign | ((e - 1) * 8 + mantissa));  // 16 carries into the exponent
}

inline float from_e4m3(std::uint8_t b) {
  const float sign = b & 0x80 ? -1.0f : 1.0f;
  const int exponent = (b >> 3) & 15, mantissa = b & 7;
  if (exponent == 15 && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0) return sign * float(mantissa) * 0x1p-9f;
  return sign * std::ldexp(1 + float(mantissa) / 8, exponent - 7);
}

}  // namespace seekling
