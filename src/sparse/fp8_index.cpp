// The indexer's scores in FP8. DeepSeek-V3.2-Exp's inference code:
//   y = H v / √d              H: Sylvester's Hadamard matrix, H_1 = [1], H_2n = [[H, H], [H, -H]]
//   s = 2^ceil(log2(max(max|y|, 1e-4) / 448))      c = E4M3(y / s)      one scale a vector
//   I_ts = s^k_s Σ_j (w_tj s^q_tj) ReLU(c^q_tj·c^k_s)
// H/√d is orthogonal and turns q and k alike, so exact scores would not change; it spreads an
// outlier over all dimensions, so that one scale suits the vector. A scale is positive and may leave
// the ReLU. Rounding changes some choices: DeepSeek's programs and Hugging Face's class, which
// rounds nothing, do not always choose the same keys.
// No twin: a demonstration; generation and training keep 32 bits.
#include "sparse/fp8_index.h"

#include <bit>
#include <cmath>

#include "core/check.h"
#include "core/half.h"

namespace seekling {

namespace {

constexpr float kLargest = 448, kLeast = 1e-4f;  // of E4M3; of a vector's largest number

void hadamard(std::vector<double>& y) {
  const std::size_t d = y.size();
  for (std::size_t h = 1; h < d; h *= 2)
    for (std::size_t begin = 0; begin < d; begin += 2 * h)
      for (std::size_t i = begin; i < begin + h; ++i) {
        const double a = y[i], b = y[i + h];
        y[i] = a + b, y[i + h] = a - b;
      }
  for (double& number : y) number /= std::sqrt(double(d));
}

float power_of_two_from(float x) {  // the least that is not below x
  int exponent = 0;
  const float f = std::frexp(x, &exponent);
  return std::ldexp(1.0f, f == 0.5f ? exponent - 1 : exponent);
}

}  // namespace

Fp8Vectors rotated_fp8(const Tensor& x) {
  const Index d = x.cols();
  check(d <= 128 && std::has_single_bit(std::uint64_t(d)), "rotated_fp8: vectors of ", d,
        " numbers, expected a power of two up to 128");
  Fp8Vectors result;
  Shape rows;
  for (Index i = 0; i + 1 < x.shape().count(); ++i) rows.push_back(x.dim(i));
  result.scale = Tensor(rows);
  std::vector<double> y(static_cast<std::size_t>(d));
  for (Index row = 0; row < x.rows(); ++row) {
    for (Index i = 0; i < d; ++i) y[std::size_t(i)] = double(x.view()(row, i));
    hadamard(y);
    float largest = kLeast;
    for (const double number : y) largest = std::max(largest, std::fabs(float(number)));
    const float s = power_of_two_from(largest * (1 / kLargest));
    result.scale.data()[row] = real(s);
    for (const double number : y) result.codes.push_back(to_e4m3(float(number) / s));
  }
  return result;
}

Tensor fp8_index_scores(const Fp8Vectors& q, const Fp8Vectors& k, const Tensor& w, real scale) {
  const Index B = w.dim(0), T = w.dim(1), HI = w.cols(), d = Index(k.codes.size()) / (B * T);
  const Tensor I = Tensor::zeros({B, T, T});
  for (Index row = 0; row < B * T; ++row)
    for (Index s = 0; s <= row % T; ++s) {
      const Index key = row / T * T + s;
      double sum = 0;
      for (Index j = 0; j < HI; ++j) {
        double product = 0;  // exact: sums of products of 4-bit mantissas
        for (Index i = 0; i < d; ++i)
          product += double(from_e4m3(q.codes[std::size_t((row * HI + j) * d + i)])) *
                     double(from_e4m3(k.codes[std::size_t(key * d + i)]));
        sum += double(scale * w.view()(row, j) * q.scale.data()[row * HI + j]) *
               std::max(product, 0.0);
      }
      I.view()(row, s) = real(sum * double(k.scale.data()[key]));
    }
  return I;
}

}  // namespace seekling
