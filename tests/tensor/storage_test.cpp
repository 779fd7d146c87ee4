#include "tensor/storage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tensor/tensor.h"

namespace seekling {

TEST(Pool, ASecondStepOfTheSameSizesAllocatesNothing) {
  const auto step = [] {
    const Tensor a({31, 7}), b({5, 5, 5});
    a.grad().data();
  };
  step();
  const std::size_t before = pool::allocations();
  for (int i = 0; i < 10; ++i) step();
  EXPECT_EQ(pool::allocations(), before);
}

TEST(Pool, CountsWhatIsInUse) {
  const std::size_t before = pool::bytes_in_use();
  {
    const Tensor x({1 << 10});
    EXPECT_EQ(pool::bytes_in_use(), before);  // untouched
    x.data();
    EXPECT_EQ(pool::bytes_in_use(), before + (1 << 10) * sizeof(real));
  }
  EXPECT_EQ(pool::bytes_in_use(), before);
}

TEST(Pool, IdleNeighboursBecomeOneBuffer) {
  pool::release();
  std::vector<real*> pieces;
  const Index n = 1 << 12;
  for (int i = 0; i < 8; ++i) pieces.push_back(pool::take(n));
  for (const int i : {0, 2, 4, 6, 1, 5, 3, 7}) pool::give(pieces[size_t(i)], n);
  [[maybe_unused]] const std::size_t before = pool::allocations();
  real* whole = pool::take(8 * n);
  for (int i = 0; i < 8; ++i) std::fill_n(whole + i * n, n, real(i));
#ifndef __SANITIZE_ADDRESS__  // under which every buffer is an allocation
  EXPECT_EQ(pool::allocations(), before);
#endif
  pool::give(whole, 8 * n);
}

TEST(Pool, BuffersDoNotOverlap) {
  Rng rng(1);
  std::vector<std::pair<real*, Index>> held;
  for (int round = 0; round < 3000; ++round) {
    if (held.size() < 40) {
      const Index n = 1 + rng.below(3000);
      held.emplace_back(pool::take(n), n);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(held.back().first) % 64, 0u);
      std::fill_n(held.back().first, n, real(n));
    } else {
      const std::size_t i = size_t(rng.below(Index(held.size())));
      const auto [buffer, n] = held[i];
      ASSERT_EQ(std::count(buffer, buffer + n, real(n)), n);
      pool::give(buffer, n);
      held.erase(held.begin() + std::ptrdiff_t(i));
    }
  }
  for (const auto& [buffer, n] : held) pool::give(buffer, n);
}

TEST(Storage, ForgottenNumbersAreMadeAgainWhenTouched) {
  const Tensor x = Tensor::of({3}, std::vector<real>{1, 2, 3}), y({3});
  y.view().vector() = x.view().vector();
  y.forget();
  EXPECT_TRUE(y.touched());  // nobody has said how to make them again
  int times = 0;
  y.remade_by([x, &times](View to) { to.vector() = 2 * x.view().vector(), ++times; });
  EXPECT_EQ(y.data()[2], 3);
  y.forget();
  EXPECT_FALSE(y.touched());
  EXPECT_EQ(y.data()[2], 6);
  EXPECT_EQ(y.data()[0], 2);
  EXPECT_EQ(times, 1);
}

TEST(Storage, GradientIsZeroAtFirstTouchAndAfterClearing) {
  const Tensor x({4});
  EXPECT_FALSE(x.has_grad());
  x.grad().data()[2] = 5;
  EXPECT_TRUE(x.has_grad());
  x.clear_grad();
  EXPECT_FALSE(x.has_grad());
  for (Index i = 0; i < 4; ++i) EXPECT_EQ(x.grad().data()[i], 0);
}

}  // namespace seekling
