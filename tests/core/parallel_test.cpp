#include "core/parallel.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/check.h"
#include "refusal.h"

namespace seekling {

TEST(ParallelFor, VisitsEveryIndexOnceWithAnyNumberOfThreads) {
  const int before = threads();
  for (int t : {1, 2, 3}) {
    set_threads(t);
    for (Index n : {0, 1, 7, 64, 65}) {
      std::vector<int> visits(size_t(n), 0);
      parallel_for(n, 8, [&](Index i) { ++visits[size_t(i)]; });
      EXPECT_EQ(visits, std::vector<int>(size_t(n), 1)) << t << " threads, n = " << n;
    }
  }
  set_threads(before);
}

TEST(ParallelFor, NestedLoopsStayOnTheirThread) {
  std::vector<int> visits(100, 0);
  parallel_for(
      10, 1, [&](Index i) { parallel_for(10, 1, [&](Index j) { ++visits[size_t(10 * i + j)]; }); });
  EXPECT_EQ(visits, std::vector<int>(100, 1));
}

TEST(ParallelFor, ThrowsTheErrorOfTheSmallestIndexAndVisitsTheOtherPieces) {
  const int before = threads();
  for (int t : {1, 2, 3}) {
    set_threads(t);
    std::vector<int> visits(100, 0);
    const auto loop = [&] {
      parallel_for(100, 8, [&](Index i) {
        check(i != 13 && i != 15 && i < 90, "found ", i);
        ++visits[size_t(i)];
      });
    };
    EXPECT_EQ(refusal(loop), "found 13") << t << " threads";
    if (t == 1) continue;  // which stops there
    for (Index i = 16; i < 90; ++i) EXPECT_EQ(visits[size_t(i)], 1) << t << " threads, i = " << i;
  }
  set_threads(before);
}

TEST(ParallelFor, ThrowsOutOfANestedLoop) {
  const auto loop = [] {
    parallel_for(4, 1, [](Index i) {
      parallel_for(4, 1, [i](Index j) { check(i != 2 || j != 3, "found ", i, " and ", j); });
    });
  };
  EXPECT_EQ(refusal(loop), "found 2 and 3");
}

TEST(ParallelStripes, CoverTheRangeWithoutOverlap) {
  std::vector<int> visits(1000, 0);
  parallel_stripes(1000, 256, [&](Index begin, Index length) {
    for (Index i = begin; i < begin + length; ++i) ++visits[size_t(i)];
  });
  EXPECT_EQ(visits, std::vector<int>(1000, 1));
}

TEST(SetThreads, RefusesZero) { EXPECT_THROW(set_threads(0), Error); }

}  // namespace seekling
