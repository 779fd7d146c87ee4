#include "data/batch.h"

#include <gtest/gtest.h>

#include "refusal.h"

namespace seekling {

using Ids = std::vector<std::int32_t>;
using Weights = std::vector<float>;

constexpr std::int32_t kNone = kIgnored;

TEST(BatchTest, DepthKPredictsTheTokenKPlusOnePlacesOn) {
  const Ids ids{10, 11, 12, 13, 14, 20, 21, 22, 23, 24};
  const Batch batch = make_batch(
      {.B = 2, .T = 5, .ids = ids, .targets = {11, 12, 13, 14, 15, 21, 22, 23, 24, kNone}}, 2);
  ASSERT_EQ(batch.targets.size(), 3u);
  EXPECT_EQ(batch.targets[0].ids, (Ids{11, 12, 13, 14, 15, 21, 22, 23, 24, kNone}));
  EXPECT_EQ(batch.targets[1].ids, (Ids{12, 13, 14, 15, 22, 23, 24, kNone}));
  EXPECT_EQ(batch.targets[2].ids, (Ids{13, 14, 15, 23, 24, kNone}));
  EXPECT_EQ(batch.targets[0].counted, 9);
  EXPECT_EQ(batch.targets[1].counted, 7);
  EXPECT_EQ(batch.targets[2].counted, 5);
  EXPECT_EQ(values_ahead(ids, 2, 5, 1), (Ids{11, 12, 13, 14, 21, 22, 23, 24}));
  EXPECT_EQ(values_ahead(ids, 2, 5, 2), (Ids{12, 13, 14, 22, 23, 24}));
}

TEST(BatchTest, NoDocumentIsAskedForAnothersTokens) {
  // Documents a a a b b b: after the last a comes nothing that counts, and the second to last
  // a must not guess b's second.
  const Batch batch = make_batch({.B = 1,
                                  .T = 6,
                                  .ids = {0, 1, 2, 3, 4, 5},
                                  .targets = {1, 2, kNone, 4, 5, 6},
                                  .document_start = {0, 0, 0, 3, 3, 3}},
                                 2);
  EXPECT_EQ(batch.targets[1].ids, (Ids{2, kNone, kNone, 5, 6}));
  EXPECT_EQ(batch.targets[2].ids, (Ids{kNone, kNone, kNone, 6}));
  EXPECT_EQ(batch.targets[1].weights, (Weights{1, 0, 0, 1, 1}));
  EXPECT_EQ(batch.targets[2].counted, 1);
}

TEST(BatchTest, AWeightBelongsToItsTargetAtEveryDepth) {
  const Batch batch = make_batch({.B = 1,
                                  .T = 4,
                                  .ids = {0, 1, 2, 3},
                                  .targets = {1, 2, 3, kNone},
                                  .weights = {0, 0.5F, 2, 7}},
                                 1);
  EXPECT_EQ(batch.targets[0].weights, (Weights{0, 0.5F, 2, 0}));
  EXPECT_EQ(batch.targets[0].counted, 2.5);
  EXPECT_EQ(batch.targets[1].weights, (Weights{0.5F, 2, 0}));
  EXPECT_EQ(batch.targets[1].counted, 2.5);
}

TEST(BatchTest, DepthsThatReachPastARowAreLeftOut) {
  const Batch batch = make_batch({.B = 1, .T = 2, .ids = {0, 1}, .targets = {1, 2}}, 5);
  EXPECT_EQ(batch.targets.size(), 2u);
}

TEST(BatchTest, SaysWhichPartHasAnotherSize) {
  EXPECT_ERROR(make_batch({.B = 1, .T = 2, .ids = {0, 1}, .targets = {1}}),
               "a batch of 1 rows of 2 tokens: found 2 ids, 1 targets, 2 weights and 0 document "
               "starts; expected 2 of each");
}

}  // namespace seekling
