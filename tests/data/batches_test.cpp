#include "data/batches.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "refusal.h"

namespace seekling {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

constexpr std::int32_t kBos = 0, kEos = 1, X = kIgnored;

class BatchesTest : public testing::Test {
 protected:
  ~BatchesTest() override { fs::remove(path); }

  TokenFile stream(const Ids& ids) const {
    TokenWriter writer(path, 1000, 0);
    writer.append(ids, 0);
    writer.finish();
    return TokenFile(path);
  }

  // Document d, counted from 1: bos, 10 d + 2, 10 d + 3, ..., eos; at least 2 long.
  // d starts over after 79.
  static Ids documents(const std::vector<Index>& lengths) {
    Ids ids;
    std::int32_t name = 0;
    for (const Index length : lengths) {
      ids.push_back(kBos);
      name = (name + 10) % 800;
      for (Index i = 2; i < length; ++i) ids.push_back(name + std::int32_t(i));
      ids.push_back(kEos);
    }
    return ids;
  }

  const fs::path path = fs::temp_directory_path() / text("seekling_batches_", ::getpid());
};

static Ids rows(const std::vector<Ids>& each) {
  Ids all;
  for (const Ids& row : each) all.insert(all.end(), row.begin(), row.end());
  return all;
}

static Batch in_one(const std::vector<Batch>& batches) {
  EXPECT_EQ(batches.size(), 1u);
  return batches.at(0);
}

TEST_F(BatchesTest, RowsTargetsAndMasksOfThePictureInTheHeader) {
  // 0 12 1 | 0 22 23 1 | 0 32 33 34 35 36 37 1
  const TokenFile file = stream(documents({3, 4, 8}));
  EXPECT_EQ(row_starts(file, 4, kBos), (std::vector<Index>{0, 3, 7, 11}));
  const Batch batch = in_one(heldout_batches(file, 4, 9, kBos));
  EXPECT_EQ(batch.B, 4);
  EXPECT_EQ(batch.T, 4);
  EXPECT_EQ(batch.ids, rows({{0, 12, 1, 0}, {0, 22, 23, 1}, {0, 32, 33, 34}, {35, 36, 37, 1}}));
  EXPECT_EQ(batch.document_start, rows({{0, 0, 0, 3}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}));
  // 22 was a target in the first row already; no document predicts the next one's bos;
  // the last id has no next.
  EXPECT_EQ(batch.targets[0].ids,
            rows({{12, 1, X, 22}, {X, 23, 1, X}, {32, 33, 34, 35}, {36, 37, 1, X}}));
}

TEST_F(BatchesTest, TrainingCountsTheRepeatedBeginningAgain) {
  const TokenFile file = stream(documents({3, 4, 8}));
  const Batches batches(file, 4, 4, 5, kBos);
  const Batch batch = batches.at(0);
  for (Index b = 0; b < 4; ++b)
    if (batch.ids[b * 4 + 1] == 22) {
      EXPECT_EQ(Ids(batch.targets[0].ids.begin() + b * 4, batch.targets[0].ids.begin() + b * 4 + 4),
                (Ids{22, 23, 1, X}));
    }
}

TEST_F(BatchesTest, ARowThatEndsWithADocumentIsFollowedByTheNext) {
  const TokenFile file = stream(documents({3, 2, 4}));  // T + 1 = 5 = 3 + 2
  EXPECT_EQ(row_starts(file, 4, kBos), (std::vector<Index>{0, 5}));
}

TEST_F(BatchesTest, TheLastRowIsFilledWithIgnoredDocuments) {
  const TokenFile file = stream(documents({3}));
  const Batch batch = in_one(heldout_batches(file, 6, 1, kBos));
  EXPECT_EQ(batch.ids, (Ids{0, 12, 1, 0, 0, 0}));
  EXPECT_EQ(batch.targets[0].ids, (Ids{12, 1, X, X, X, X}));
  EXPECT_EQ(batch.document_start, (Ids{0, 0, 0, 3, 4, 5}));
}

// Over many streams: documents of up to T+1 ids are whole in a row, and each
// predictable id is counted once.
TEST_F(BatchesTest, EveryShortDocumentIsWholeInARowAndEachTargetCountsOnce) {
  for (Index trial = 0; trial < 60; ++trial) {
    const Index T = 3 + trial % 9;
    std::vector<Index> lengths;
    for (Index d = 0; d < 40; ++d)
      lengths.push_back(2 + (trial * 31 + d * d * 17 + d * 7) % (2 * T));
    const Ids ids = documents(lengths);
    const TokenFile file = stream(ids);
    const std::vector<Index> starts = row_starts(file, T, kBos);
    Index begin = 0;
    for (const Index length : lengths) {
      const auto holds = [&](Index s) { return s <= begin && begin + length <= s + T + 1; };
      const bool whole = std::any_of(starts.begin(), starts.end(), holds);
      EXPECT_TRUE(whole || length > T + 1) << "T " << T << ", the document at " << begin;
      begin += length;
    }
    Index counted = 0;
    for (const Batch& batch : heldout_batches(file, T, 3, kBos))
      counted += Index(batch.targets[0].counted);
    EXPECT_EQ(counted, std::count_if(ids.begin(), ids.end(), [](auto id) { return id != kBos; }));
  }
}

TEST_F(BatchesTest, APermutationIsABijection) {
  for (const Index n : {1, 2, 3, 5, 7, 64, 65, 999, 4097}) {
    std::vector<int> hits(n);
    for (Index i = 0; i < n; ++i) ++hits.at(permuted(i, n, 3, 1));
    EXPECT_EQ(std::count(hits.begin(), hits.end(), 1), n) << n;
  }
}

TEST_F(BatchesTest, SeedAndEpochChangeTheOrder) {
  const auto order = [](std::uint64_t seed, std::uint64_t epoch) {
    std::vector<Index> all;
    for (Index i = 0; i < 101; ++i) all.push_back(permuted(i, 101, seed, epoch));
    return all;
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
  Index fixed = 0;  // a random order of n has 1 fixed point on average, 6 or more in 1 of 1700
  for (Index i = 0; i < 101; ++i) fixed += order(1, 0)[i] == i;
  EXPECT_LT(fixed, 6);
}

TEST_F(BatchesTest, AnEpochDealsEveryRowOnceAcrossBatchBorders) {
  const TokenFile file = stream(documents(std::vector<Index>(7, 5)));  // 7 rows of 5, batches of 3
  const Batches batches(file, 4, 3, 11, kBos);
  ASSERT_EQ(batches.rows(), 7);
  EXPECT_EQ(batches.steps_per_epoch(), 3);
  Ids seen;
  // A row's first word names it.
  for (Index step = 0; step < 7; ++step)
    for (Index b = 0; b < 3; ++b) seen.push_back(batches.at(step).ids[b * 4 + 1]);
  for (Index epoch = 0; epoch < 3; ++epoch) {
    Ids dealt(seen.begin() + epoch * 7, seen.begin() + epoch * 7 + 7);
    std::sort(dealt.begin(), dealt.end());
    EXPECT_EQ(dealt, (Ids{12, 22, 32, 42, 52, 62, 72})) << "epoch " << epoch;
  }
}

TEST_F(BatchesTest, AnyStepIsFoundWithoutTheOnesBefore) {
  const TokenFile file = stream(documents({9, 3, 14, 6, 30, 5, 5, 8}));
  const Batches one(file, 8, 2, 4, kBos), other(file, 8, 2, 4, kBos);
  std::vector<Batch> in_order;
  for (Index step = 0; step < 20; ++step) in_order.push_back(one.at(step));
  for (const Index step : {19, 3, 0, 11}) {
    EXPECT_EQ(other.at(step).ids, in_order[step].ids);
    EXPECT_EQ(other.at(step).targets[0].ids, in_order[step].targets[0].ids);
    EXPECT_EQ(other.at(step).document_start, in_order[step].document_start);
  }
}

TEST_F(BatchesTest, ThreeMillionIdsAreCutInUnderASecond) {
  const TokenFile file = stream(documents(std::vector<Index>(30'000, 100)));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_GE(row_starts(file, 256, kBos).size(), 3'000'000u / 257);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  RecordProperty("ids_per_second", std::to_string(3e6 / taken.count()));
  EXPECT_LT(taken.count(), 1);
}

TEST_F(BatchesTest, SaysWhatItCannotCut) {
  const TokenFile one = stream({kBos});
  EXPECT_EQ(
      refusal([&] { Batches(one, 4, 1, 0, kBos); }),
      "batches: the token file has 1 ids; a row needs at least 2, one to read and one to predict");
  const TokenFile file = stream(documents({4}));
  EXPECT_EQ(refusal([&] { Batches(file, 0, 1, 0, kBos); }),
            "batches: seq_len is 0 and must be at least 1");
  EXPECT_EQ(refusal([&] { Batches(file, 4, 0, 0, kBos); }),
            "batches: batch_size is 0 and must be at least 1");
  EXPECT_EQ(refusal([&] { Batches(file, 4, 1, 0, 1000); }),
            "batches: bos_token_id is 1000, outside the token file's vocabulary of 1000");
  EXPECT_EQ(refusal([&] { Batches(file, 4, 1, 0, kBos).at(-1); }),
            "batches: step is -1 and must be at least 0");
}

}  // namespace seekling
