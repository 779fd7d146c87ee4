#include "interop/floats.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/check.h"
#include "core/half.h"
#include "gradcheck.h"

namespace seekling {

namespace {

// Written as `dtype` and read back.
Tensor through_a_file(const Tensor& x, const std::string& dtype) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / text("seekling_floats_", ::getpid());
  FileWriter file(path);
  write_rows(file, "x", x, dtype);
  file.finish();
  const std::string bytes = read_file(path);
  std::filesystem::remove(path);
  EXPECT_EQ(bytes.size(), bytes_of_row(dtype, x.cols()) * std::size_t(x.rows())) << dtype;
  const Tensor back = Tensor::like(x);
  read_rows(back, reinterpret_cast<const std::byte*>(bytes.data()), dtype);
  return back;
}

}  // namespace

TEST(Floats, ShortTypesRoundEachNumberOnce) {
  Rng rng(1, 0);
  const Tensor x = strided({3, 5}, rng);
  const Tensor f32 = through_a_file(x, "F32"), f16 = through_a_file(x, "F16"),
               bf16 = through_a_file(x, "BF16");
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 5; ++j) {
      const float v = float(x.view()(i, j));
      EXPECT_EQ(f32.view()(i, j), real(v));
      EXPECT_EQ(f16.view()(i, j), real(from_half(to_half(v))));
      EXPECT_EQ(bf16.view()(i, j), real(from_bf16(to_bf16(v))));
    }
}

TEST(Floats, Q8MovesNoNumberByMoreThanHalfAStepOfItsBlock) {
  Rng rng(2, 0);
  const Tensor x = Tensor::randn({7, 96}, rng, 0.3);
  x.view().row(3).segment(32, 32).setZero();
  const Tensor y = through_a_file(x, "Q8_0");
  double nearest = 1;
  for (Index i = 0; i < 7; ++i)
    for (Index b = 0; b < 96; b += 32) {
      const double step = double(x.view().row(i).segment(b, 32).cwiseAbs().maxCoeff()) / 127;
      const auto moved =
          (x.view().row(i).segment(b, 32) - y.view().row(i).segment(b, 32)).cwiseAbs();
      EXPECT_LE(double(moved.maxCoeff()), step * (0.5 + 127 * 0x1p-11) + 1e-12) << i << " " << b;
      if (step > 0) nearest = std::min(nearest, double(moved.maxCoeff()) / step);
    }
  EXPECT_GT(nearest, 0.2);  // a bound that cannot be missed would prove nothing
}

TEST(Floats, Q8IsGgmlsToTheBit) {  // d = 2 / 127 as F16 is 0x2408, 0.01575; q = round(x 63.5)
  const Tensor x = Tensor::zeros({1, 32});
  x.data()[0] = 2, x.data()[1] = -1, x.data()[2] = real(0.0118);
  const Tensor y = through_a_file(x, "Q8_0");
  const real d = real(from_half(0x2408));
  EXPECT_EQ(y.data()[0], 127 * d);
  EXPECT_EQ(y.data()[1], -64 * d);  // 63.5, away from zero
  EXPECT_EQ(y.data()[2], 1 * d);
  EXPECT_EQ(y.data()[3], 0);
}

TEST(Floats, RowsThatBlocksDoNotFillHaveNoBytes) {
  EXPECT_EQ(bytes_of_row("Q8_0", 64), 68u);
  EXPECT_EQ(bytes_of_row("Q8_0", 33), 0u);
  EXPECT_EQ(bytes_of_row("Q4_K", 64), 0u);
  EXPECT_EQ(bytes_of_row("Q4_K", 512), 288u);
  EXPECT_EQ(bytes_of_row("Q6_K", 256), 210u);
  EXPECT_EQ(bytes_of_row("Q9_K", 256), 0u);
}

TEST(Floats, ANumberBeyondF16IsRefusedByName) {
  const Tensor x = Tensor::zeros({1, 32});
  x.data()[5] = 70000;
  EXPECT_ERROR(through_a_file(x, "F16"),
               "tensor x has a value too large for F16, which holds 65504 at most; write it as "
               "BF16 or F32");
  EXPECT_EQ(through_a_file(x, "Q8_0").data()[4], 0);
  x.data()[5] = 1e7;
  EXPECT_ERROR(through_a_file(x, "Q8_0"),
               "tensor x has a value too large for Q8_0, which holds 8.3 million at most; "
               "write it as BF16 or F32");
}

}  // namespace seekling
