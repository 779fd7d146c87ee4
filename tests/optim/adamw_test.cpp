#include "optim/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "gradcheck.h"

namespace seekling {

namespace {

// The algorithm once more, number by number in double, as the paper writes it.
struct Plain {
  double theta, m = 0, v = 0;

  void update(Index t, double g, double lr, double decay) {
    m = 0.9 * m + 0.1 * g;
    v = 0.95 * v + 0.05 * g * g;
    const double m_hat = m / (1 - std::pow(0.9, t)), v_hat = v / (1 - std::pow(0.95, t));
    theta -= lr * (m_hat / (std::sqrt(v_hat) + 1e-8) + decay * theta);
  }
};

double gradient_at(Index t, Index i) {
  return std::sin(double(3 * t + i * i)) * std::pow(10, double(i % 5) - 3);
}

void set_gradient(const Tensor& x, Index t) {
  for (Index i = 0; i < x.size(); ++i) x.grad().data()[i] = real(gradient_at(t, i));
}

std::vector<real> numbers(const Tensor& x) { return {x.data(), x.data() + x.size()}; }

std::vector<real> numbers(const Moment& moment) {
  std::vector<real> all;
  for (Index i = 0; i < moment.shape.size(); ++i)
    all.push_back(Lent(moment.kept(), i, 1).numbers()[0]);
  return all;
}

}  // namespace

TEST(AdamW, AgreesWithAPlainLoopInDouble) {
  Rng rng(3);
  const Tensor W = Tensor::randn({70, 61}, rng), gain = Tensor::randn({61}, rng);  // W: > 1 piece
  std::vector<Plain> plain_W, plain_gain;
  for (const real w : numbers(W)) plain_W.push_back({.theta = w});
  for (const real g : numbers(gain)) plain_gain.push_back({.theta = g});
  const AdamW optimizer({{"W", W}, {"gain", gain}}, {});
  for (Index t = 1; t <= 30; ++t) {
    const double lr = 0.01 / double(t), clip = t % 2 ? 1 : 0.25;
    set_gradient(W, t), set_gradient(gain, t);
    optimizer.update(t, lr, clip);
    for (size_t i = 0; i < plain_W.size(); ++i)
      plain_W[i].update(t, clip * gradient_at(t, Index(i)), lr, 0.1);
    for (size_t i = 0; i < plain_gain.size(); ++i)
      plain_gain[i].update(t, clip * gradient_at(t, Index(i)), lr, 0);
  }
  const double tolerance = sizeof(real) == 4 ? 2e-6 : 1e-14;
  for (size_t i = 0; i < plain_W.size(); ++i)
    ASSERT_NEAR(W.data()[i], plain_W[i].theta, tolerance) << i;
  for (size_t i = 0; i < plain_gain.size(); ++i)
    ASSERT_NEAR(gain.data()[i], plain_gain[i].theta, tolerance) << i;
}

TEST(AdamW, TheFirstUpdateMovesEveryNumberByTheRate) {
  const Tensor x = Tensor::zeros({2});
  x.grad().data()[0] = real(1e-4), x.grad().data()[1] = -1000;
  AdamW({{"x", x}}, {}).update(1, 0.5);
  EXPECT_NEAR(x.data()[0], -0.5, 1e-4);  // ε is 1e-4 of |g|
  EXPECT_NEAR(x.data()[1], 0.5, 1e-6);
}

TEST(AdamW, MatricesDecayAndGainsDoNot) {
  const Tensor W = Tensor::zeros({2, 3}), gain = Tensor::zeros({3});
  for (const Tensor& x : {W, gain}) x.view().matrix().setConstant(2);
  AdamW({{"W", W}, {"gain", gain}}, {.weight_decay = 0.1}).update(1, 0.5);  // gradients count as 0
  for (const real w : numbers(W)) EXPECT_NEAR(w, 2 - 0.5 * 0.1 * 2, 1e-6);
  for (const real g : numbers(gain)) EXPECT_EQ(g, 2);
}

TEST(AdamW, AParameterWithoutAGradientGoesOnByItsMomentum) {
  const Tensor x = Tensor::zeros({3});
  const AdamW optimizer({{"x", x}}, {});
  set_gradient(x, 1);
  optimizer.update(1, 0.1);
  const std::vector<real> after_one = numbers(x);
  x.clear_grad();
  optimizer.update(2, 0.1);
  EXPECT_FALSE(x.has_grad());
  EXPECT_NE(numbers(x), after_one);
  EXPECT_NEAR(numbers(optimizer.moments()[0])[0], 0.9 * 0.1 * gradient_at(1, 0), 1e-9);
}

TEST(AdamW, MomentsInBf16AreRoundedAfterEachUpdate) {
  Rng rng(5);
  const Tensor W = Tensor::randn({70, 61}, rng), twin = Tensor::of({70, 61}, numbers(W));
  const AdamW half({{"W", W}}, {.bf16_moments = true}), full({{"W", twin}}, {});
  std::vector<real> before = numbers(half.moments()[1]);
  for (Index t = 1; t <= 30; ++t) {
    set_gradient(W, t), set_gradient(twin, t);
    half.update(t, 0.01), full.update(t, 0.01);
    const std::vector<real> v = numbers(half.moments()[1]);
    for (size_t i = 0; i < v.size(); ++i) {
      const double g = double(W.grad().data()[i]), exact = 0.95 * double(before[i]) + 0.05 * g * g;
      ASSERT_EQ(v[i], real(from_bf16(to_bf16(float(v[i])))));
      ASSERT_NEAR(v[i], exact, 0x1.01p-8 * exact) << "update " << t << ", number " << i;
    }
    before = v;
  }
  EXPECT_NE(numbers(W), numbers(twin));
  for (Index i = 0; i < W.size(); ++i)
    ASSERT_NEAR(W.data()[i], twin.data()[i], 0.02 * 30 * 0.01) << i;
}

TEST(AdamW, AnyNumberOfThreadsGivesTheSameBits) {
  const auto trained = [](int n) {
    set_threads(n);
    Rng rng(9);
    const Tensor all = Tensor::randn({5, 41, 33}, rng), gain = Tensor::randn({7}, rng);
    NamedTensors parameters{{"gain", gain}};
    for (Index e = 0; e < 5; ++e)
      parameters.emplace_back("W" + std::to_string(e), all.slice(e, 1).reshape({41, 33}));
    const AdamW optimizer(parameters, {});
    for (Index t = 1; t <= 5; ++t) {
      set_gradient(all, t), set_gradient(gain, t);
      optimizer.update(t, 0.01, 0.7);
    }
    return std::pair(numbers(all), numbers(gain));
  };
  const int before = threads();
  const auto one = trained(1);
  for (const int n : {2, 3, 8}) EXPECT_EQ(trained(n), one) << n << " threads";
  set_threads(before);
}

TEST(AdamW, NamesItsMomentsAfterTheParameters) {
  const AdamW optimizer({{"a.weight", Tensor::zeros({2, 3})}, {"b.weight", Tensor::zeros({4})}},
                        {});
  std::vector<std::string> names;
  for (const Moment& moment : optimizer.moments()) names.push_back(moment.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.weight.m", "a.weight.v", "b.weight.m", "b.weight.v"}));
  EXPECT_EQ(optimizer.moments()[1].shape, (Shape{2, 3}));
}

TEST(AdamWTwins, Agree) {
  const auto trained = [](Device device) {
    Rng rng(11);
    const Tensor W = Tensor::randn({70, 64}, rng), gain = Tensor::randn({7}, rng),
                 unused = Tensor::randn({2, 3}, rng);
    const Tensor slices = Tensor::randn({3, 41, 33}, rng);  // the second is not 16-byte aligned
    NamedTensors parameters{{"gain", gain}, {"unused", unused}, {"W", W}};
    for (Index e = 0; e < 3; ++e)
      parameters.emplace_back(text("slice", e), slices.slice(e, 1).reshape({41, 33}));
    for (const Tensor& x : {W, gain, unused, slices}) x.move_to(device);
    const AdamW optimizer(parameters, {});
    for (Index t = 1; t <= 4; ++t) {
      for (const Tensor& x : {W, gain, slices}) {
        const Tensor g = Tensor::randn(x.shape(), rng);
        copy(device, x.grad().data(), Device::kCpu, g.data(), size_t(g.size()) * sizeof(real));
      }
      optimizer.update(t, 0.01, 0.7);
    }
    std::vector<std::vector<real>> results;
    for (const Moment& moment : optimizer.moments())
      moment.move_to(Device::kCpu), results.push_back(numbers(moment));
    for (const auto& [name, x] : parameters) results.push_back(numbers(x.to(Device::kCpu)));
    return results;
  };
  const auto cpu = trained(Device::kCpu), cuda = trained(Device::kCuda);
  for (size_t i = 0; i < cpu.size(); ++i)
    for (size_t n = 0; n < cpu[i].size(); ++n)
      ASSERT_NEAR(cpu[i][n], cuda[i][n], 1e-6) << i << " " << n;
}

}  // namespace seekling
