#include "quant/packed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "gradcheck.h"
#include "quant/kernel.h"

namespace seekling {

namespace {

struct With {  // a kernel, while it lives
  explicit With(const Instructions& cpu) : before(set_kernel(cpu)) {}
  ~With() { set_kernel(before); }
  const Instructions& before;
};

// x as a kernel sees it: what is stored of W meets x in bf16, or in int8
// with a scale for each block.
std::vector<double> seen(Format format, const float* x, Index n) {
  std::vector<double> y(x, x + n);
  if (format == Format::kBF16)
    for (double& v : y) v = double(from_bf16(to_bf16(float(v))));
  if (format == Format::kInt8 || format == Format::kInt4)
    for (Index b = 0; b < n; b += kBlock) {
      double amax = 0;
      for (Index i = b; i < std::min(n, b + kBlock); ++i)
        amax = std::max(amax, std::fabs(y[size_t(i)]));
      for (Index i = b; i < std::min(n, b + kBlock); ++i)
        y[size_t(i)] = amax == 0 ? 0 : std::nearbyint(y[size_t(i)] * 127 / amax) * amax / 127;
    }
  return y;
}

// The largest difference to the plain loop over the numbers as they are stored, by Σ |x| |w|.
double error(Format format, Index n, Index out, Index in) {
  Rng rng(std::uint64_t(1 + n + out + in));
  const Tensor x = strided({n, in}, rng), W = Tensor::randn({out, in}, rng), y({n, out});
  multiply(y, x, Packed(format, {W.view()}));
  std::vector<std::byte> row(size_t(row_bytes(format, in)));
  std::vector<float> w(size_t(in), 0);
  double worst = 0;
  for (Index j = 0; j < out; ++j) {
    encode(format, row.data(), &W.view()(j, 0), in);
    decode(format, w.data(), row.data(), in);
    for (Index i = 0; i < n; ++i) {
      const std::vector<double> x_i = seen(format, &x.view()(i, 0), in);
      double sum = 0, size = 1e-30;
      for (Index k = 0; k < in; ++k) {
        sum += x_i[size_t(k)] * double(w[size_t(k)]);
        size += std::fabs(x_i[size_t(k)] * double(w[size_t(k)]));
      }
      worst = std::max(worst, std::fabs(double(y.view()(i, j)) - sum) / size);
    }
  }
  return worst;
}

}  // namespace

TEST(Packed, EveryFormatAndInstructionSetEqualsThePlainLoop) {
  for (const Instructions* cpu : kernels()) {
    const With with(*cpu);
    for (const Format format : kFormats)
      for (const Index n : {1, 2, 5, 13, 50})
        for (const auto& [out, in] :
             {std::pair<Index, Index>{1, 1}, {32, 32}, {33, 7}, {70, 100}, {16, 65}})
          EXPECT_LT(error(format, n, out, in), 3e-6)
              << name(format) << " " << n << " x " << out << " x " << in;
  }
}

TEST(Packed, ARowHasTheSameBitsAloneAndAmongOthersOnAnyNumberOfThreads) {
  const int before = threads();
  for (const Instructions* cpu : kernels()) {
    const With with(*cpu);
    for (const Format format : kFormats) {
      Rng rng(3);
      const Tensor x = Tensor::randn({29, 200}, rng), W = Tensor::randn({300, 200}, rng),
                   y({29, 300}), one({1, 300});
      const Packed w(format, {W.view()});
      set_threads(3);
      multiply(y, x, w);
      set_threads(1);
      for (Index i = 0; i < 29; ++i) {
        multiply(one, x.slice(i, 1), w);
        EXPECT_TRUE(one.view().row(0) == y.view().row(i)) << name(format) << " " << i;
      }
    }
  }
  set_threads(before);
}

TEST(Packed, AGroupIsItsProducts) {
  Rng rng(4);
  for (const Format format : kFormats) {
    const Tensor W = Tensor::randn({3, 40, 24}, rng), x = Tensor::randn({9, 24}, rng), y({9, 40}),
                 one({9, 40});
    const Packed w(format, {W.view().middle_rows(0, 40), W.view().middle_rows(40, 40),
                            W.view().middle_rows(80, 40)});
    const View X = x, Y = y, O = one;
    multiply(std::vector<PackedProduct>{{Y.middle_rows(0, 2), X.middle_rows(0, 2), &w, 2},
                                        {Y.middle_rows(2, 6), X.middle_rows(2, 6), &w, 0},
                                        {Y.middle_rows(8, 1), X.middle_rows(8, 1), &w, 1}});
    const Index of[] = {2, 2, 0, 0, 0, 0, 0, 0, 1};
    for (Index i = 0; i < 9; ++i) {
      multiply(O.middle_rows(i, 1), X.middle_rows(i, 1),
               Packed(format, {W.view().middle_rows(40 * of[i], 40)}));
      EXPECT_TRUE(one.view().row(i) == y.view().row(i)) << name(format) << " " << i;
    }
  }
}

TEST(Packed, TakesTheBytesOfItsFormat) {
  const Tensor W = Tensor::zeros({64, 128});
  EXPECT_EQ(Packed(Format::kF32, {W.view()}).bytes(), 64 * 128 * 4);
  EXPECT_EQ(Packed(Format::kBF16, {W.view()}).bytes(), 64 * 128 * 2);
  EXPECT_EQ(Packed(Format::kInt8, {W.view()}).bytes(), 64 * 128 / 32 * 34);
  EXPECT_EQ(Packed(Format::kInt4, {W.view()}).bytes(), 64 * 128 / 32 * 18);
}

TEST(Packed, AStackHasOneShape) {
  const Tensor a = Tensor::zeros({4, 8}), b = Tensor::zeros({4, 7});
  EXPECT_ERROR(Packed(Format::kF32, {a.view(), b.view()}),
               "Packed: a stack of [4, 8] holds one of [4, 7]");
}

}  // namespace seekling
