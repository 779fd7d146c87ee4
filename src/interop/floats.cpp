#include "interop/floats.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/blocks.h"
#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "interop/q4_k.h"
#include "interop/q5_0.h"
#include "interop/q6_k.h"

namespace seekling {

namespace {

struct Format {
  const char* dtype;
  Index numbers;  // of a block
  std::size_t bytes;
};
constexpr Format kFormats[] = {
    {"F64", 1, 8},
    {"F32", 1, 4},
    {"F16", 1, 2},
    {"BF16", 1, 2},
    {"F8_E4M3", 1, 1},
    {"Q8_0", kBlock, sizeof(BlockInt8)},
    {"Q4_0", kBlock, sizeof(BlockInt4)},
    {"Q5_0", BlockQ5_0::kNumbers, sizeof(BlockQ5_0)},
    {"Q4_K", BlockQ4K::kNumbers, sizeof(BlockQ4K)},
    {"Q6_K", BlockQ6K::kNumbers, sizeof(BlockQ6K)},
};

const Format* format_of(const std::string& dtype) {
  for (const Format& format : kFormats)
    if (dtype == format.dtype) return &format;
  return nullptr;
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <class Stored, class Convert>
void read_numbers(View into, const std::byte* at, Convert convert) {
  parallel_for(into.rows, /*grain=*/64, [=](Index i) {
    const std::byte* from = at + std::size_t(i * into.cols) * sizeof(Stored);
    for (Index j = 0; j < into.cols; ++j)
      into(i, j) = real(convert(load<Stored>(from + std::size_t(j) * sizeof(Stored))));
  });
}

template <class Block, Index kNumbers>
void read_blocks(View into, const std::byte* at) {
  const Index blocks = into.cols / kNumbers;
  parallel_for(into.rows, /*grain=*/64, [=](Index i) {
    for (Index b = 0; b < blocks; ++b) {
      float x[kNumbers];
      from_block(x, load<Block>(at + std::size_t(i * blocks + b) * sizeof(Block)));
      std::copy_n(x, kNumbers, &into(i, b * kNumbers));
    }
  });
}

template <class Stored, class Convert>
void write_numbers(FileWriter& file, View x, Convert convert) {
  std::vector<Stored> row(std::size_t(x.cols));
  for (Index i = 0; i < x.rows; ++i) {
    for (Index j = 0; j < x.cols; ++j) row[std::size_t(j)] = convert(float(x(i, j)));
    file.write(row.data(), row.size() * sizeof(Stored));
  }
}

void write_blocks(FileWriter& file, View x) {
  std::vector<BlockInt8> row(std::size_t(x.cols / kBlock));
  for (Index i = 0; i < x.rows; ++i) {
    for (std::size_t b = 0; b < row.size(); ++b) {
      float numbers[kBlock];
      for (Index j = 0; j < kBlock; ++j) numbers[j] = float(x(i, Index(b) * kBlock + j));
      row[b] = to_int8(numbers);
    }
    file.write(row.data(), row.size() * sizeof(BlockInt8));
  }
}

double largest(View x) {
  return x.rows * x.cols == 0 ? 0 : double(x.matrix().cwiseAbs().maxCoeff());
}

}  // namespace

Index numbers_in_block(const std::string& dtype) {
  const Format* format = format_of(dtype);
  return format ? format->numbers : 0;
}

std::size_t bytes_of_row(const std::string& dtype, Index n) {
  const Format* format = format_of(dtype);
  if (!format || n % format->numbers != 0) return 0;
  return std::size_t(n / format->numbers) * format->bytes;
}

void read_rows(View into, const std::byte* at, const std::string& dtype) {
  if (dtype == "F64") return read_numbers<double>(into, at, [](double x) { return x; });
  if (dtype == "F32") return read_numbers<float>(into, at, [](float x) { return x; });
  if (dtype == "F16") return read_numbers<std::uint16_t>(into, at, from_half);
  if (dtype == "BF16") return read_numbers<std::uint16_t>(into, at, from_bf16);
  if (dtype == "F8_E4M3") return read_numbers<std::uint8_t>(into, at, from_e4m3);
  if (dtype == "Q8_0") return read_blocks<BlockInt8, kBlock>(into, at);
  if (dtype == "Q4_0") return read_blocks<BlockInt4, kBlock>(into, at);
  if (dtype == "Q5_0") return read_blocks<BlockQ5_0, BlockQ5_0::kNumbers>(into, at);
  if (dtype == "Q4_K") return read_blocks<BlockQ4K, BlockQ4K::kNumbers>(into, at);
  read_blocks<BlockQ6K, BlockQ6K::kNumbers>(into, at);
}

void write_rows(FileWriter& file, const std::string& name, View x, const std::string& dtype) {
  if (dtype == "F32") return write_numbers<float>(file, x, [](float v) { return v; });
  if (dtype == "BF16") return write_numbers<std::uint16_t>(file, x, to_bf16);
  const double most = largest(x), bound = dtype == "F16" ? 65520 : 65520.0 * 127;
  check(most < bound, "tensor ", name, " has a value too large for ", dtype, ", which holds ",
        dtype == "F16" ? "65504" : "8.3 million", " at most; write it as BF16 or F32");
  if (dtype == "F16") return write_numbers<std::uint16_t>(file, x, to_half);
  write_blocks(file, x);
}

}  // namespace seekling
