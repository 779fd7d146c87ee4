#include "optim/clip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/parallel.h"

namespace seekling {

static Tensor with_gradient(Tensor x, real value) {
  x.grad().view().matrix().setConstant(value);
  return x;
}

TEST(Clip, TheNormIsOverAllGradientsTogether) {
  // The last has none.
  const std::vector<Tensor> parameters{with_gradient(Tensor::zeros({3, 3}), 1),
                                       with_gradient(Tensor::zeros({4}), 2), Tensor::zeros({5})};
  EXPECT_DOUBLE_EQ(gradient_norm(parameters), 5);  // 9 · 1² + 4 · 2²
}

TEST(Clip, TheFactorBringsTheNormDownToTheLimitAndNeverUp) {
  EXPECT_DOUBLE_EQ(clip_factor(5, 1), 0.2);
  EXPECT_DOUBLE_EQ(clip_factor(0.5, 1), 1);
  EXPECT_DOUBLE_EQ(clip_factor(0, 1), 1);
  EXPECT_DOUBLE_EQ(clip_factor(5, 0), 1);
}

TEST(Clip, PiecesCoverEveryNumberOnce) {
  const std::vector<Tensor> parameters{Tensor::zeros({3}), Tensor::zeros({100, 91}),
                                       Tensor::zeros({4096})};
  std::vector<Index> covered(3, 0);
  for (const auto& [p, begin, n] : pieces_of(sizes_of(parameters))) {
    EXPECT_EQ(begin, covered[p]);
    EXPECT_LE(n, 4096);
    covered[p] += n;
  }
  EXPECT_EQ(covered, (std::vector<Index>{3, 9100, 4096}));
}

TEST(Clip, AnyNumberOfThreadsGivesTheSameBits) {
  Rng rng(7);
  std::vector<Tensor> parameters{Tensor::zeros({123, 457}), Tensor::zeros({17}),
                                 Tensor::zeros({64, 333})};
  for (const Tensor& p : parameters)
    for (Index i = 0; i < p.size(); ++i) p.grad().data()[i] = real(rng.normal());
  const int before = threads();
  std::vector<double> norms;
  for (const int n : {1, 2, 3, 8}) {
    set_threads(n);
    norms.push_back(gradient_norm(parameters));
  }
  set_threads(before);
  for (const double norm : norms) EXPECT_EQ(std::memcmp(&norm, &norms[0], sizeof norm), 0);
}

TEST(Clip, ANaNInAnyGradientReachesTheNorm) {
  const std::vector<Tensor> parameters{with_gradient(Tensor::zeros({9}), 1),
                                       with_gradient(Tensor::zeros({9}), 1)};
  parameters[1].grad().data()[4] = std::numeric_limits<real>::quiet_NaN();
  EXPECT_TRUE(std::isnan(gradient_norm(parameters)));
}

TEST(Clip, ClearedGradientsCountAsNone) {
  const std::vector<Tensor> parameters{with_gradient(Tensor::zeros({9}), 1)};
  clear_gradients(parameters);
  EXPECT_FALSE(parameters[0].has_grad());
  EXPECT_EQ(gradient_norm(parameters), 0);
}

TEST(GradientNormTwins, Agree) {
  Rng rng(8);
  std::vector<Tensor> parameters{Tensor::zeros({123, 457}), Tensor::zeros({4}), Tensor::zeros({17}),
                                 Tensor::zeros({2})};
  std::vector<Tensor> there;
  for (const Tensor& p : parameters) {
    there.push_back(Tensor::zeros(p.shape(), Device::kCuda));
    if (p.size() == 2) continue;  // has no gradient
    for (Index i = 0; i < p.size(); ++i) p.grad().data()[i] = real(rng.normal());
    copy(Device::kCuda, there.back().grad().data(), Device::kCpu, p.grad().data(),
         size_t(p.size()) * sizeof(real));
  }
  EXPECT_NEAR(gradient_norm(there) / gradient_norm(parameters), 1, 1e-7);
  const real nan = std::numeric_limits<real>::quiet_NaN();
  copy(Device::kCuda, there[2].grad().data() + 16, Device::kCpu, &nan, sizeof nan);
  EXPECT_TRUE(std::isnan(gradient_norm(there)));
  EXPECT_EQ(gradient_norm(std::vector<Tensor>{there[3]}), 0);
}

}  // namespace seekling
