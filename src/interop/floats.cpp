// Q8_0, as ggml (https://github.com/ggml-org/ggml) has it: for each 32 numbers of a row
//   d = max |x| / 127, as F16;  q_i = x_i / d to the nearest integer, 8 bits;  x_i ≈ d q_i
// so that no number moves by more than half a step, and what rounding d itself adds: d (1/2 + 127 · 2^-11).
#include "interop/floats.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/half.h"

namespace seekling {

namespace {

constexpr std::size_t kQ8Bytes = 2 + kQ8Block;

std::size_t bytes_of_number(const std::string& dtype) {
  if (dtype == "F64") return 8;
  if (dtype == "F32") return 4;
  if (dtype == "F16" || dtype == "BF16") return 2;
  return dtype == "F8_E4M3" ? 1 : 0;
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

void read_blocks(View into, const std::byte* at) {
  const Index blocks = into.cols / kQ8Block;
  parallel_for(into.rows, /*grain=*/64, [=](Index i) {
    for (Index b = 0; b < blocks; ++b) {
      const std::byte* block = at + std::size_t(i * blocks + b) * kQ8Bytes;
      const float d = from_half(load<std::uint16_t>(block));
      for (Index j = 0; j < kQ8Block; ++j)
        into(i, b * kQ8Block + j) = real(d * float(load<std::int8_t>(block + 2 + j)));
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
  std::vector<std::byte> row(bytes_of_row("Q8_0", x.cols));
  for (Index i = 0; i < x.rows; ++i) {
    for (Index b = 0; b < x.cols / kQ8Block; ++b) {
      std::byte* block = row.data() + std::size_t(b) * kQ8Bytes;
      const auto numbers = x.row(i).segment(b * kQ8Block, kQ8Block);
      const float d = float(numbers.cwiseAbs().maxCoeff()) / 127, inverse = d == 0 ? 0 : 1 / d;
      const std::uint16_t half = to_half(d);
      std::memcpy(block, &half, sizeof half);
      for (Index j = 0; j < kQ8Block; ++j)
        block[2 + j] = std::byte(std::int8_t(std::round(float(numbers[j]) * inverse)));
    }
    file.write(row.data(), row.size());
  }
}

double largest(View x) { return x.rows * x.cols == 0 ? 0 : double(x.matrix().cwiseAbs().maxCoeff()); }

}  // namespace

std::size_t bytes_of_row(const std::string& dtype, Index n) {
  if (dtype == "Q8_0") return n % kQ8Block == 0 ? std::size_t(n / kQ8Block) * kQ8Bytes : 0;
  return std::size_t(n) * bytes_of_number(dtype);
}

void read_rows(View into, const std::byte* at, const std::string& dtype) {
  if (dtype == "F64") return read_numbers<double>(into, at, [](double x) { return x; });
  if (dtype == "F32") return read_numbers<float>(into, at, [](float x) { return x; });
  if (dtype == "F16") return read_numbers<std::uint16_t>(into, at, from_half);
  if (dtype == "BF16") return read_numbers<std::uint16_t>(into, at, from_bf16);
  if (dtype == "F8_E4M3") return read_numbers<std::uint8_t>(into, at, from_e4m3);
  read_blocks(into, at);
}

void write_rows(FileWriter& file, const std::string& name, View x, const std::string& dtype) {
  if (dtype == "F32") return write_numbers<float>(file, x, [](float v) { return v; });
  if (dtype == "BF16") return write_numbers<std::uint16_t>(file, x, to_bf16);
  const double most = largest(x), bound = dtype == "F16" ? 65520 : 65520.0 * 127;
  check(most < bound, "tensor ", name, " holds a number of which ", dtype, " has none so large, ",
        dtype == "F16" ? "65504" : "8.3 million", " at most; write it as BF16 or F32");
  if (dtype == "F16") return write_numbers<std::uint16_t>(file, x, to_half);
  write_blocks(file, x);
}

}  // namespace seekling
