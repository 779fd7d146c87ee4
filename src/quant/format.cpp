#include "quant/format.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "core/half.h"

namespace seekling {

namespace {

constexpr std::pair<Format, const char*> kNames[] = {{Format::kF32, "fp32"},
                                                     {Format::kBF16, "bf16"},
                                                     {Format::kInt8, "int8"},
                                                     {Format::kInt4, "int4"}};

Index blocks(Index n) { return (n + kBlock - 1) / kBlock; }

template <class T>
T read(const std::byte* from, Index i) {  // element i of an array of T at any address
  T value;
  std::memcpy(&value, from + i * Index(sizeof(T)), sizeof(T));
  return value;
}
template <class T>
void write(std::byte* to, Index i, const T& value) {
  std::memcpy(to + i * Index(sizeof(T)), &value, sizeof(T));
}

}  // namespace

std::string name(Format format) {
  for (const auto& [f, written] : kNames)
    if (f == format) return written;
  return "";
}

Format format_of(const std::string& flag, const std::string& written) {
  for (const auto& [f, known] : kNames)
    if (written == known) return f;
  throw Error(flag + ": found " + written + ", expected fp32, bf16, int8 or int4");
}

Index row_bytes(Format format, Index n) {
  switch (format) {
    case Format::kF32: return Index(sizeof(real)) * n;
    case Format::kBF16: return 2 * n;
    case Format::kInt8: return Index(sizeof(BlockInt8)) * blocks(n);
    case Format::kInt4: return Index(sizeof(BlockInt4)) * blocks(n);
  }
  return 0;
}

void encode(Format format, std::byte* row, const real* x, Index n) {
  if (format == Format::kF32) std::memcpy(row, x, size_t(row_bytes(format, n)));
  if (format == Format::kBF16)
    for (Index i = 0; i < n; ++i) write(row, i, to_bf16(float(x[i])));
  for (Index b = 0; b < blocks(n); ++b) {
    const Index left = std::min(kBlock, n - b * kBlock);
    if (format == Format::kInt8) write(row, b, to_int8(x + b * kBlock, left));
    if (format == Format::kInt4) write(row, b, to_int4(x + b * kBlock, left));
  }
}

void decode(Format format, real* x, const std::byte* row, Index n) {
  if (format == Format::kF32) std::memcpy(x, row, size_t(row_bytes(format, n)));
  if (format == Format::kBF16)
    for (Index i = 0; i < n; ++i) x[i] = from_bf16(read<std::uint16_t>(row, i));
  for (Index b = 0; b < blocks(n); ++b) {
    const Index left = std::min(kBlock, n - b * kBlock);
    real* to = x + b * kBlock;
    if (format == Format::kInt8) from_block(to, read<BlockInt8>(row, b), left);
    if (format == Format::kInt4) from_block(to, read<BlockInt4>(row, b), left);
  }
}

}  // namespace seekling
