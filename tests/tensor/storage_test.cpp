#include "tensor/storage.h"

#include <gtest/gtest.h>

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

TEST(Pool, ReleaseReturnsIdleBuffers) {
  { const Tensor big({1 << 20}); }
  const std::size_t before = pool::bytes_allocated();
  pool::release();
  EXPECT_LE(pool::bytes_allocated(), before - (1 << 20) * sizeof(real));
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
