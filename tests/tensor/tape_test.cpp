#include "tensor/tape.h"

#include <gtest/gtest.h>

#include <limits>

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
