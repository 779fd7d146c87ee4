#include "repeats/minhash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/rng.h"
#include "refusal.h"
#include "repeats/words.h"

namespace seekling {

namespace {

using Set = std::vector<std::uint64_t>;

struct Pair {
  Set a, b;
};

// Two sets of 300 shingles with `shared` in common.
Pair pair_with(Index shared, Rng& rng) {
  Pair pair;
  for (Index i = 0; i < 600 - shared; ++i) {
    const std::uint64_t shingle = mixed(rng.next());
    if (i < 300) pair.a.push_back(shingle);
    if (i < shared || i >= 300) pair.b.push_back(shingle);
  }
  return pair;
}

double estimate(const Set& a, const Set& b, Index k) {
  const auto x = minhash_signature(a, k), y = minhash_signature(b, k);
  Index equal = 0;
  for (std::size_t i = 0; i < x.size(); ++i) equal += x[i] == y[i];
  return double(equal) / double(k);
}

}  // namespace

TEST(Jaccard, IsTheSharedPartOfTheUnion) {
  EXPECT_EQ(jaccard(Set{1, 2, 3}, Set{2, 3, 4}), 0.5);
  EXPECT_EQ(jaccard(Set{1, 2}, Set{1, 2}), 1);
  EXPECT_EQ(jaccard(Set{1}, Set{}), 0);
  EXPECT_EQ(jaccard(Set{}, Set{}), 1);
  EXPECT_EQ(jaccard(shingles_of("a b c d e f"), shingles_of("a b c d e g")), 1.0 / 3);
}

TEST(MinHash, EstimatesTheJaccardWithTheVarianceOfIndependentOrders) {
  Rng rng(2);
  constexpr Index k = 128;
  double squares = 0, sum = 0;  // of (estimate - J) / σ, whose mean is 0 and variance 1
  constexpr int kPairs = 2000;
  for (int i = 0; i < kPairs; ++i) {
    const Pair pair = pair_with(20 + rng.below(270), rng);
    const double shared = jaccard(
        [&] {
          Set s = pair.a;
          std::ranges::sort(s);
          return s;
        }(),
        [&] {
          Set s = pair.b;
          std::ranges::sort(s);
          return s;
        }());
    const double sigma = std::sqrt(shared * (1 - shared) / double(k));
    const double off = (estimate(pair.a, pair.b, k) - shared) / sigma;
    ASSERT_LT(std::abs(off), 5);
    sum += off, squares += off * off;
  }
  EXPECT_NEAR(sum / kPairs, 0, 4 / std::sqrt(kPairs));
  EXPECT_NEAR(squares / kPairs, 1, 0.15);
}

TEST(MinHash, ALongerSignatureBeginsWithTheShorter) {
  const Set shingles = shingles_of("one two three four five six seven");
  const auto shorter = minhash_signature(shingles, 10), longer = minhash_signature(shingles, 100);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(Bands, OfATargetFindAlmostAllPairsAtIt) {
  for (const double target : {0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95}) {
    const Bands bands = bands_for(target);
    EXPECT_LE(bands.bands * bands.rows, 128) << target;
    EXPECT_GE(bands.found(target), 0.95) << target;
    EXPECT_GE(bands.found(std::min(1.0, target + 0.1)), 0.99) << target;
    EXPECT_LT(Bands({128 / (bands.rows + 1), bands.rows + 1}).found(target), 0.95) << target;
  }
  EXPECT_EQ(bands_for(0.8).rows, 7);
  EXPECT_EQ(bands_for(0.8).bands, 18);
  EXPECT_NEAR(Bands({20, 5}).found(0.51), 0.5, 0.02);  // the example of the literature
  EXPECT_EQ(refusal([] { bands_for(0); }), "the target Jaccard is 0, expected 0 < target <= 1");
}

TEST(Bands, PairsShareOneAsOftenAsTheCurveSays) {
  Rng rng(3);
  const Bands bands = bands_for(0.8);
  constexpr int kPairs = 2000;
  for (const Index shared : {200, 250, 275}) {  // J = 0.5, 0.71, 0.85
    int found = 0;
    for (int i = 0; i < kPairs; ++i) {
      const Pair pair = pair_with(shared, rng);
      const auto x = band_keys(pair.a, bands), y = band_keys(pair.b, bands);
      bool equal = false;
      for (std::size_t j = 0; j < x.size(); ++j) equal = equal || x[j] == y[j];
      found += equal;
    }
    const double expected = bands.found(double(shared) / double(600 - shared));
    const double sigma = std::sqrt(expected * (1 - expected) / kPairs);
    EXPECT_NEAR(double(found) / kPairs, expected, 5 * sigma + 1e-3) << shared;
  }
}

}  // namespace seekling
