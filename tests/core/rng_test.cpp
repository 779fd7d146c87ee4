#include "core/rng.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Rng, ContinuesFromItsSavedState) {
  Rng a(7);
  for (int i = 0; i < 10; ++i) a.next();
  Rng b(0);
  b.state = a.state;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(Rng, StreamsOfNeighbouringKeysDiffer) {
  EXPECT_NE(Rng(1, 2, 3).next(), Rng(1, 3, 2).next());
  EXPECT_NE(Rng(1, 2).next(), Rng(2, 1).next());
  EXPECT_NE(Rng(0, 0).next(), Rng(0).next());
  EXPECT_EQ(Rng(1, 2, 3).next(), Rng(1, 2, 3).next());
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(3);
  const int n = 100'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    sum += x, squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 4 / std::sqrt(n));  // 4 standard errors
  EXPECT_NEAR(squares / n, 1, 4 * std::sqrt(2) / std::sqrt(n));
}

TEST(Rng, BelowIsUniform) {
  Rng rng(4);
  const int n = 70'000;
  int count[7] = {};
  for (int i = 0; i < n; ++i) ++count[rng.below(7)];
  double chi2 = 0;
  for (int c : count) chi2 += (c - n / 7.0) * (c - n / 7.0) / (n / 7.0);
  EXPECT_LT(chi2, 22.5);  // 6 degrees of freedom, p = 0.001
}

}  // namespace seekling
