#include "tensor/tape.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/products.h"
#include "gradcheck.h"

namespace seekling {

TEST(Tape, RecordsOnlyWhileAlive) {
  EXPECT_FALSE(recording());
  {
    Tape tape;
    EXPECT_TRUE(recording());
    dot(Tensor::zeros({3}), Tensor::zeros({3}));
    EXPECT_EQ(tape.size(), 1);
  }
  EXPECT_FALSE(recording());
}

TEST(Tape, FreesActivationsAsItGoes) {
  const Tensor x = Tensor::zeros({3}), c = Tensor::zeros({3});
  Tape tape;
  tape.backward(dot(x, c));
  EXPECT_EQ(tape.size(), 0);
}

TEST(Tape, SkipsWhatNothingFlowsInto) {
  const Tensor x = Tensor::zeros({3}), c = Tensor::zeros({3}), unused = Tensor::zeros({3});
  Tape tape;
  dot(unused, c);
  tape.backward(dot(x, c));
  EXPECT_TRUE(x.has_grad());
  EXPECT_FALSE(unused.has_grad());
}

TEST(Tape, ForgetsWhatCanBeMadeAgainWhenALayerIsDone) {
  for (const Tape::Keep keep :
       {Tape::Keep::kLittle, Tape::Keep::kWhatGradientsNeed, Tape::Keep::kEverything}) {
    const Tensor x = Tensor::of({2}, std::vector<real>{3, 4}), y({2}), z({2});
    y.view().vector() = x.view().vector(), z.view().vector() = x.view().vector();
    Tape tape(keep);
    const auto copy = [x](View to) { to.vector() = x.view().vector(); };
    remakeable(y, Cost::kCopy, copy);
    remakeable(z, Cost::kArithmetic, copy);
    EXPECT_TRUE(y.touched() && z.touched());
    layer_is_done();
    EXPECT_EQ(y.touched(), keep == Tape::Keep::kEverything);
    EXPECT_EQ(z.touched(), keep != Tape::Keep::kLittle);
    EXPECT_EQ(y.data()[1], 4);
    EXPECT_EQ(z.data()[0], 3);
    layer_is_done();  // which had nothing new
    EXPECT_TRUE(y.touched() && z.touched());
  }
}

TEST(Tape, GoesBackInTheProductsOfTheWayForth) {
  const Tensor x = Tensor::zeros({1}), y({1}), z({1});
  std::vector<Products> seen;
  Tape tape;
  record("precise", {x}, {y}, [&, dx = x.grad()] { seen.push_back(products()), *dx.data() = 1; });
  {
    const MultiplyIn bf16(Products::kBf16);
    record("rounded", {y}, {z}, [&, dy = y.grad()] { seen.push_back(products()), *dy.data() = 1; });
  }
  tape.backward(z);
  EXPECT_EQ(seen, (std::vector<Products>{Products::kBf16, Products::kFp32}));
}

TEST(Tape, NamesTheFirstOpWhoseOutputIsNotFinite) {
  const Tensor x = Tensor::zeros({2}), c = Tensor::zeros({2});
  Tape tape(Tape::Keep::kEverything);
  dot(x, c);
  x.data()[1] = std::numeric_limits<real>::quiet_NaN();
  dot(x, c);
  const Tape::Suspect suspect = tape.first_not_finite();
  EXPECT_EQ(suspect.op, "dot");
  EXPECT_TRUE(suspect.inputs[0].same_storage(x));
}

}  // namespace seekling
