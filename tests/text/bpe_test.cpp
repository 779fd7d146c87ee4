#include "text/bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/rng.h"

namespace seekling {

static std::array<TokenId, 256> identity() {
  std::array<TokenId, 256> ids;
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

static std::vector<TokenId> encode(const std::vector<Merge>& merges, std::string_view piece) {
  std::vector<TokenId> ids;
  Bpe::Scratch scratch;
  Bpe(identity(), merges).encode(piece, ids, scratch);
  return ids;
}

// As the definition says it: find the lowest rank, the leftmost of equals, merge, start again.
static std::vector<TokenId> encode_naively(const std::vector<Merge>& merges,
                                           std::string_view piece) {
  std::vector<TokenId> ids;
  for (const char c : piece) ids.push_back(static_cast<unsigned char>(c));
  for (bool merged = true; merged;) {
    merged = false;
    for (const Merge& merge : merges) {
      for (size_t i = 0; i + 1 < ids.size() && !merged; ++i) {
        if (ids[i] != merge.left || ids[i + 1] != merge.right) continue;
        ids[i] = merge.result;
        ids.erase(ids.begin() + std::ptrdiff_t(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  return ids;
}

TEST(Bpe, MergesByRankNotByPosition) {  // "abc": bc has rank 0, so ab never forms
  EXPECT_EQ(encode({{'b', 'c', 256}, {'a', 'b', 257}}, "abc"), (std::vector<TokenId>{'a', 256}));
  EXPECT_EQ(encode({{'a', 'b', 257}, {'b', 'c', 256}}, "abc"), (std::vector<TokenId>{257, 'c'}));
}

TEST(Bpe, MergesTheLeftmostOfEquals) {
  EXPECT_EQ(encode({{'a', 'a', 256}}, "aaaaa"), (std::vector<TokenId>{256, 256, 'a'}));
  EXPECT_EQ(encode({{'a', 'a', 256}, {256, 256, 257}}, "aaaaaa"), (std::vector<TokenId>{257, 256}));
}

TEST(Bpe, AnEmptyPieceHasNoIds) { EXPECT_TRUE(encode({}, "").empty()); }

TEST(Bpe, EqualsTheDefinitionOnRandomMerges) {
  Rng rng(5);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<Merge> merges;
    for (TokenId result = 256; result < 270; ++result) {
      const auto symbol = [&] {
        return rng.below(2) ? TokenId('a' + rng.below(3)) : TokenId(256 + rng.below(result - 255));
      };
      const Merge merge{symbol(), symbol(), result};
      const auto same = [&](const Merge& m) {
        return m.left == merge.left && m.right == merge.right;
      };
      if (std::none_of(merges.begin(), merges.end(), same)) merges.push_back(merge);
    }
    std::string piece;
    for (Index n = rng.below(40); n > 0; --n) piece += char('a' + rng.below(3));
    EXPECT_EQ(encode(merges, piece), encode_naively(merges, piece)) << piece;
  }
}

TEST(Bpe, SaysThatAPieceIsTooLong) {
  const std::string_view piece("a", size_t(1) << 31);  // refused before it is read
  try {
    encode({}, piece);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "BPE: a piece of 2147483648 bytes; the limit is 2 GiB, so split the text");
  }
}

TEST(Bpe, ALongRunTakesNoQuadraticTime) {
  EXPECT_EQ(encode({{'a', 'a', 256}, {256, 256, 257}}, std::string(1'000'000, 'a')).size(),
            250'000);
}

}  // namespace seekling
