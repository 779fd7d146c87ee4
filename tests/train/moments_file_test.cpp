#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "core/half.h"
#include "interop/safetensors.h"
#include "optim/adamw.h"
#include "refusal.h"

namespace seekling {

static std::vector<real> values(const Moment& moment) {
  const Kept kept = moment.kept();
  std::vector<real> all;
  for (Index i = 0; i < 7 * 5; ++i)
    all.push_back(kept.fp32 ? kept.fp32[i] : real(from_bf16(kept.bf16[i])));
  return all;
}

TEST(MomentsFile, GivesTheMomentsBackToTheBit) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "seekling_moments.safetensors";
  for (const bool bf16 : {false, true}) {
    Rng rng(6);
    const Tensor W = Tensor::randn({7, 5}, rng);
    const AdamWOptions options{.bf16_moments = bf16};
    const AdamW optimizer({{"W", W}}, options), other({{"W", Tensor::zeros({7, 5})}}, options);
    for (Index i = 0; i < W.size(); ++i) W.grad().data()[i] = real(rng.normal());
    optimizer.update(1, 0.01);
    save_moments(file, optimizer.moments());
    load_moments(file, other.moments());
    for (size_t i : {0, 1}) EXPECT_EQ(values(other.moments()[i]), values(optimizer.moments()[i]));
    EXPECT_EQ(SafetensorsFile(file).entries().at("W.v").dtype, bf16 ? "BF16" : "F32");
  }
  const AdamW wide({{"W", Tensor({5, 7})}}, {.bf16_moments = true});
  EXPECT_ERROR(load_moments(file, wide.moments()),
               (file.string() + ": tensor W.m is BF16 [7, 5], expected BF16 [5, 7]").c_str());
  std::filesystem::remove(file);
}

TEST(MomentsFile, RefusesNumbersThatAMomentCannotHave) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "seekling_unsound_moments.safetensors";
  const auto refused = [&](const std::string& name) {
    return file.string() + ": tensor " + name +
           " has a value that is not finite, or a negative mean of squares; the file is "
           "damaged, or its training failed";
  };
  const AdamW optimizer({{"W", Tensor::zeros({2})}}, {});
  const auto refusal_with = [&](real m, real v) {
    const Tensor first = Tensor::zeros({2}), second = Tensor::zeros({2});
    first.data()[1] = m, second.data()[1] = v;
    write_safetensors(file, {{"W.m", first}, {"W.v", second}});
    return refusal([&] { load_moments(file, optimizer.moments()); });
  };
  constexpr real kInf = std::numeric_limits<real>::infinity();
  EXPECT_EQ(refusal_with(-1, 0.5), "not refused");
  EXPECT_EQ(refusal_with(kInf, 0), refused("W.m"));
  EXPECT_EQ(refusal_with(0, -1e-20F), refused("W.v"));
  EXPECT_EQ(refusal_with(0, std::numeric_limits<real>::quiet_NaN()), refused("W.v"));
  EXPECT_EQ(refusal([&] { save_moments(file, optimizer.moments()); }), refused("W.v"));
  std::filesystem::remove(file);
}

}  // namespace seekling
