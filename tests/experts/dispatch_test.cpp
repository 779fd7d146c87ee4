#include "experts/dispatch.h"

#include "core/check.h"
#include "core/products.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

namespace {

// 4 tokens, 3 experts of which one is never chosen, 2 choices each.
Routing some_routing(Rng& rng) {
  Routing r{Tensor(), Tensor::randn({4, 2}, rng), {0, 2, 0, 3, 2, 3, 0, 2}, {3, 0, 3, 2}};
  return r;
}

}  // namespace

TEST(Plan, SortsRowsByExpertThenToken) {
  Rng rng(20);
  const Plan plan(some_routing(rng));
  EXPECT_EQ(plan.begin.values(), (std::vector<std::int32_t>{0, 3, 3, 6, 8}));
  EXPECT_EQ(plan.token.values(), (std::vector<std::int32_t>{0, 1, 3, 0, 2, 3, 1, 2}));
  EXPECT_EQ(plan.row.values(), (std::vector<std::int32_t>{0, 3, 1, 6, 4, 7, 2, 5}));
}

TEST(MoeOps, EqualASumOverChosenExperts) {
  Rng rng(21);
  const Routing r = some_routing(rng);
  const Plan plan(r);
  const Tensor x = Tensor::randn({4, 3}, rng), W = Tensor::randn({4, 5, 3}, rng);
  const Tensor y = combine(grouped_linear(dispatch(x, plan), W, plan), r.g, plan);
  for (Index t = 0; t < 4; ++t) {
    Row expected = Row::Zero(5);
    for (Index k = 0; k < 2; ++k)
      expected += r.g.view()(t, k) * x.view().row(t) *
                  W.view().middle_rows(r.experts[2 * t + k] * 5, 5).matrix().transpose();
    EXPECT_LT((y.view().row(t) - expected).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(MoeOps, GradientMatchesFiniteDifferences) {
  Rng rng(22);
  const Routing r = some_routing(rng);
  const Plan plan(r);
  const Tensor x = strided({4, 3}, rng), W = Tensor::randn({4, 5, 3}, rng),
               c = Tensor::randn({4, 5}, rng);
  const auto f = [&] {
    return dot(combine(grouped_linear(dispatch(x, plan), W, plan), r.g, plan), c);
  };
  EXPECT_LT(max_gradient_error(f, {x, W, r.g}), gradient_tolerance());
}

TEST(MoeTwins, SortAlikeAndAgree) {
  Rng rng(26);
  const Tensor logits = Tensor::randn({90, 40}, rng);
  std::vector<char> dropped(270);
  for (char& d : dropped) d = rng.uniform() < 0.2;
  for (const std::vector<char>& left_out : {std::vector<char>(), dropped}) {
    const auto plan_on = [&](Device device) {
      return Plan(route(logits.to(device), {}, {.K = 3}), left_out);
    };
    const Plan cpu = plan_on(Device::kCpu), cuda = plan_on(Device::kCuda);
    EXPECT_EQ(cpu.begin.values(), cuda.begin.values());
    EXPECT_EQ(cpu.token.values(), cuda.token.values());
    EXPECT_EQ(cpu.row.values(), cuda.row.values());
    expect_twins(
        [&](const std::vector<Tensor>& in) {
          const Plan& plan = in[0].device() == Device::kCpu ? cpu : cuda;
          return std::vector<Tensor>{
              combine(grouped_linear(dispatch(in[0], plan), in[1], plan), in[2], plan)};
        },
        {Tensor::randn({90, 37}, rng), Tensor::randn({40, 70, 37}, rng),
         Tensor::randn({90, 3}, rng)});
  }
}

// Experts with more rows than a tile has, with few, and with none; widths over a tile's;
// few rows in all, which go another way. On the CPU TF32 is fp32: what rounding to 10 bits
// does is within its tolerance.
TEST(MoeTwins, AgreeInAllFormatsAndSizes) {
  struct Size {
    Index rows, in, out;
  };
  Rng rng(27);
  for (const Size& size : {Size{260, 132, 72}, Size{150, 40, 132}, Size{9, 260, 12}}) {
    const Tensor x = Tensor::randn({size.rows, size.in}, rng),
                 W = Tensor::randn({5, size.out, size.in}, rng);
    std::vector<std::int32_t> chosen, load(5);
    for (Index r = 0; r < size.rows; ++r)
      chosen.push_back(rng.uniform() < 0.7 ? 3 : rng.uniform() < 0.9 ? 0 : 4);
    for (const std::int32_t e : chosen) ++load[size_t(e)];
    const auto plan_on = [&](Device device) {
      return Plan(Routing{Tensor(), Tensor({size.rows, 1}, device), Ints(chosen, device),
                          Ints(load, device)});
    };
    const Plan cpu = plan_on(Device::kCpu), cuda = plan_on(Device::kCuda);
    for (const auto& [format, tolerance] :
         {std::pair(Products::kFp32, 1e-5), {Products::kBf16, 1e-5}, {Products::kTf32, 1e-3}}) {
      if (format != Products::kFp32 && sizeof(real) != sizeof(float)) continue;  // only in float
      const MultiplyIn how(format);
      expect_twins(
          [&](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{
                grouped_linear(in[0], in[1], in[0].device() == Device::kCpu ? cpu : cuda)};
          },
          {x, W}, tolerance);
    }
  }
}

}  // namespace seekling
