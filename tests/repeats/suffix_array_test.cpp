#include "repeats/suffix_array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/rng.h"

namespace seekling {

using Numbers = std::vector<std::uint32_t>;

static std::vector<std::uint64_t> symbols(const std::string& letters) {
  return {letters.begin(), letters.end()};
}

TEST(SuffixArray, OfBanana) {
  const auto text = symbols("banana");
  const Numbers suffixes = suffix_array(text);
  EXPECT_EQ(suffixes, (Numbers{5, 3, 1, 0, 4, 2}));
  EXPECT_EQ(common_prefixes(text, suffixes), (Numbers{0, 1, 3, 0, 0, 2}));
}

TEST(SuffixArray, OfNothingOneAndEqualSymbols) {
  EXPECT_EQ(suffix_array(symbols("")), Numbers{});
  EXPECT_EQ(common_prefixes(symbols(""), Numbers{}), Numbers{});
  EXPECT_EQ(suffix_array(symbols("a")), Numbers{0});
  EXPECT_EQ(suffix_array(symbols("aaaa")), (Numbers{3, 2, 1, 0}));
  EXPECT_EQ(common_prefixes(symbols("aaaa"), suffix_array(symbols("aaaa"))), (Numbers{0, 1, 2, 3}));
}

TEST(SuffixArray, IsTheSuffixesSorted) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    const Index n = 1 + rng.below(200), letters = 1 + rng.below(4);
    std::vector<std::uint64_t> text;
    for (Index i = 0; i < n; ++i)
      text.push_back(rng.uniform() < 0.5 && i > 9 ? text[std::size_t(i - 9)]
                                                  : std::uint64_t(rng.below(letters)) << 40);
    Numbers sorted(text.size());
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::ranges::sort(sorted, [&](std::uint32_t a, std::uint32_t b) {
      return std::ranges::lexicographical_compare(text.begin() + a, text.end(), text.begin() + b,
                                                  text.end());
    });
    const Numbers suffixes = suffix_array(text), common = common_prefixes(text, suffixes);
    ASSERT_EQ(suffixes, sorted);
    for (std::size_t k = 1; k < suffixes.size(); ++k) {
      const auto differ = std::mismatch(text.begin() + suffixes[k], text.end(),
                                        text.begin() + suffixes[k - 1], text.end());
      ASSERT_EQ(common[k], differ.first - text.begin() - suffixes[k]);
    }
  }
}

}  // namespace seekling
