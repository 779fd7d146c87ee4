#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

static Tensor counting(Shape shape) {
  Tensor x(std::move(shape));
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = real(i);
  return x;
}

TEST(Tensor, SplitAlongTheLastDimensionIsAViewOfTheSameNumbers) {
  const Tensor x = counting({2, 3, 5});
  const auto [a, b] = split_at(x, 2);
  EXPECT_EQ(a.shape(), Shape({2, 3, 2}));
  EXPECT_EQ(b.view()(4, 0), 22);
  b.view()(0, 0) = -1;
  EXPECT_EQ(x.data()[2], -1);
}

TEST(Tensor, AWindowsGradientIsTheSameWindowOfTheGradient) {
  const Tensor x = counting({3, 4});
  x.columns(1, 2).grad().view()(2, 1) = 7;
  EXPECT_EQ(x.grad().view()(2, 2), 7);
  x.slice(1, 1).grad().data()[0] = 3;
  EXPECT_EQ(x.grad().view()(1, 0), 3);
}

TEST(Tensor, RowsThatLieApartMayBeCountedOtherwiseButNotJoined) {
  const Tensor x = counting({2, 3, 5}).columns(0, 4);
  EXPECT_EQ(x.reshape({3, 2, 4}).view()(5, 3), 28);
  EXPECT_ERROR(x.reshape({2, 12}),
               "reshape: the rows of [2, 3, 4] are 5 elements apart and cannot become [2, 12]");
  EXPECT_ERROR(x.reshape({5, 5}), "reshape: [2, 3, 4] has 24 elements, [5, 5] has 25");
}

TEST(Tensor, ACloneOfAWindowHasItsNumbersAndAStorageOfItsOwn) {
  const Tensor x = Tensor::of({2, 3}, std::array<real, 6>{1, 2, 3, 4, 5, 6});
  const Tensor y = x.columns(1, 2).clone();
  EXPECT_EQ(y.shape(), (Shape{2, 2}));
  EXPECT_TRUE(y.contiguous());
  x.data()[1] = 9;  // was y's first
  EXPECT_EQ(std::vector<real>(y.data(), y.data() + 4), (std::vector<real>{2, 3, 5, 6}));
  EXPECT_FALSE(Tensor().clone().defined());
}

TEST(Tensor, SliceTakesWholeEntriesOfTheFirstDimension) {
  const Tensor x = counting({4, 2, 3});
  EXPECT_EQ(x.slice(2, 2).data()[0], 12);
  EXPECT_EQ(counting({6}).slice(2, 3).data()[0], 2);
  EXPECT_ERROR(x.slice(3, 2), "slice: [3, 5) is outside the first dimension of [4, 2, 3]");
}

}  // namespace seekling
