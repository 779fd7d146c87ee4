#include "quant/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/check.h"
#include "core/rng.h"
#include "gradcheck.h"

namespace seekling {

namespace {

std::vector<float> there_and_back(Format format, const std::vector<float>& x) {
  std::vector<std::byte> row(size_t(row_bytes(format, Index(x.size()))));
  std::vector<float> y(x.size());
  encode(format, row.data(), x.data(), Index(x.size()));
  decode(format, y.data(), row.data(), Index(x.size()));
  return y;
}

double bound(Format format, double amax, double x) {  // as format.h has it
  switch (format) {
    case Format::kF32: return 0;
    case Format::kBF16: return std::fabs(x) * 0x1p-8;
    case Format::kInt8: return amax / 254 + amax * 0x1p-11 + 0x1p-18;
    case Format::kInt4: return amax / 8 + amax * 0x1p-11 + 0x1p-22;
  }
  return 0;
}

}  // namespace

TEST(Format, NoNumberIsFurtherOffThanTheBound) {
  for (const Format format : kFormats)
    for (const double size : {1e-6, 1e-3, 1.0, 300.0})
      for (int seed = 0; seed < 50; ++seed) {
        Rng rng{std::uint64_t(seed)};
        std::vector<float> x(77);
        for (float& v : x) v = float(size * rng.normal());
        const std::vector<float> y = there_and_back(format, x);
        for (std::size_t i = 0; i < x.size(); ++i) {
          double amax = 0;
          for (std::size_t j = i / 32 * 32; j < std::min(x.size(), i / 32 * 32 + 32); ++j)
            amax = std::max(amax, double(std::fabs(x[j])));
          EXPECT_LE(std::fabs(double(y[i]) - double(x[i])),
                    bound(format, amax, double(x[i])) * (1 + 1e-6))
              << name(format) << " " << x[i];
        }
      }
}

TEST(Format, TheBoundsAreMet) {  // a bound that nothing comes near says nothing
  std::vector<float> x(32, 0);
  x[0] = 127, x[1] = 0.5f;
  EXPECT_NEAR(std::fabs(there_and_back(Format::kInt8, x)[1] - 0.5f), 127.0 / 254, 1e-6);
  x[0] = -8, x[1] = 8;
  EXPECT_EQ(there_and_back(Format::kInt4, x)[0], -8);
  EXPECT_EQ(there_and_back(Format::kInt4, x)[1], 7);
}

TEST(Format, ZerosAndTinyNumbersStayFinite) {
  for (const Format format : kFormats)
    for (const float tiny : {0.0f, 1e-45f, 1e-38f, -1e-30f}) {
      const std::vector<float> y = there_and_back(format, std::vector<float>(40, tiny));
      for (const float v : y) EXPECT_NEAR(v, 0, 1e-29) << name(format);
    }
}

TEST(Format, BytesOfARow) {
  EXPECT_EQ(row_bytes(Format::kF32, 33), 132);
  EXPECT_EQ(row_bytes(Format::kBF16, 33), 66);
  EXPECT_EQ(row_bytes(Format::kInt8, 33), 68);
  EXPECT_EQ(row_bytes(Format::kInt4, 64), 36);
}

TEST(Format, NamesAreReadBack) {
  for (const Format format : kFormats) EXPECT_EQ(format_of("--weights", name(format)), format);
  EXPECT_ERROR(format_of("--weights", "fp8"),
               "--weights: found fp8, expected fp32, bf16, int8 or int4");
}

}  // namespace seekling
