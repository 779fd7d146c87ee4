#include "attention/append.h"

#include <gtest/gtest.h>

#include "attention/attention.h"
#include "attention/rope.h"
#include "tensor/recording.h"
#include "twins.h"

namespace seekling {

TEST(AppendTwins, AgreeOnWholePacksAndOnLooseNumbers) {
  Rng rng(91);
  for (const Index width : {8, 5})
    expect_same_outputs(
        [](const std::vector<Tensor>& x) {
          append(x[0], x[1], 2);
          return std::vector<Tensor>{x[0]};
        },
        {Tensor::randn({1, 6, 3, width}, rng), Tensor::randn({1, 2, 3, width}, rng)});
}

// A token turned to its position, put into a cache and looked at by queries: asked for once
// and played four times, it does what asking four times does.
TEST(AppendTwins, ARecordingGoesOnFromPositionToPosition) {
  if (!has_cuda()) GTEST_SKIP() << "this machine has no GPU";
  struct Case {
    Index heads, width;
  };
  for (const Case& c : {Case{1, 8}, Case{2, 8}, Case{2, 6}}) {  // attention_decode, then _forward
    Rng rng(92);
    constexpr Index kCapacity = 40, kHeld = 33;
    const Rotary rotary = Rotary::plain(c.width, 100);
    const Tensor held = Tensor::randn({1, kCapacity, c.heads, c.width}, rng);
    const Tensor q = Tensor::randn({1, 1, 4, c.width}, rng);
    std::vector<Tensor> fresh;
    for (int n = 0; n < 4; ++n) fresh.push_back(Tensor::randn({1, 1, c.heads, c.width}, rng));
    const auto step = [&](const Tensor& cache, const Tensor& token, const Tensor& query,
                          Index length) {
      append(cache, rope(token, length, rotary), length);
      const Tensor rows =
          cache.reshape({kCapacity * c.heads, c.width}).slice(0, (length + 1) * c.heads);
      const Tensor k = rows.reshape({1, length + 1, c.heads, c.width});
      return attention({query, {}}, {k, {}}, k, real(0.3));
    };
    const Tensor here = held.to(Device::kCpu), there = held.to(Device::kCuda),
                 query = q.to(Device::kCuda);
    const Tensor token = fresh[0].to(Device::kCuda);
    Tensor o;
    Recording recording([&] { o = step(there, token, query, kHeld); });
    for (Index n = 0; n < 4; ++n) {
      token.copy_from(fresh[std::size_t(n)].to(Device::kCuda));
      recording.play();
      const Tensor expected = step(here, fresh[std::size_t(n)], q, kHeld + n),
                   found = o.to(Device::kCpu);
      EXPECT_LT(double((found.view().matrix() - expected.view().matrix())
                           .cwiseAbs()
                           .maxCoeff<Eigen::PropagateNaN>()),
                1e-5)
          << n;
    }
  }
}

TEST(AppendTwins, ARecordingDoesNotReachTheCpu) {
  if (!has_cuda()) GTEST_SKIP() << "this machine has no GPU";
  const Tensor x = Tensor::zeros({2, 2}, Device::kCuda);
  x.data();
  EXPECT_THROW(Recording([&] { x.to(Device::kCpu); }), Error);
  Recording([&] { x.copy_from(x); }).play();  // and the next one is not disturbed
}

}  // namespace seekling
