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

// Characters of one, two and three bytes that share bytes; merges inside and across characters.
TEST(Bpe, ShortPiecesHaveTheSameIds) {
  const std::vector<std::string> characters = {"a", " ", "é", "è", "あ", "い", "ア", "😀"};
  Rng rng(7);
  Index whole = 0;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<std::vector<TokenId>> words;
    std::vector<std::string> pieces;
    for (int i = 0; i < 12; ++i) {
      pieces.emplace_back();
      for (Index n = 1 + rng.below(12); n > 0; --n)
        pieces.back() += characters[size_t(rng.below(8))];
      words.emplace_back();
      for (const char c : pieces.back()) words.back().push_back(static_cast<unsigned char>(c));
    }
    std::vector<Merge> merges;  // of pairs that occur, as a trainer's are, but in any order
    for (TokenId result = 256; result < 286; ++result) {
      auto& word = words[size_t(rng.below(12))];
      if (word.size() < 2) continue;
      const size_t at = size_t(rng.below(Index(word.size()) - 1));
      const Merge merge{word[at], word[at + 1], result};
      merges.push_back(merge);
      for (auto& each : words)
        for (size_t i = 0; i + 1 < each.size(); ++i)
          if (each[i] == merge.left && each[i + 1] == merge.right)
            each[i] = result, each.erase(each.begin() + std::ptrdiff_t(i) + 1);
    }
    if (trial % 2) std::swap(merges[size_t(rng.below(Index(merges.size())))], merges[0]);
    const Bpe bpe(identity(), merges);
    for (const std::string& piece : pieces) {
      std::vector<TokenId> ids;
      ASSERT_TRUE(bpe.encode_short(piece, ids));
      EXPECT_EQ(ids, encode_naively(merges, piece)) << piece;
    }
    whole += bpe.encode_short("é", words[0]) && words[0].back() >= 256;
  }
  EXPECT_GT(whole, 20);  // that a character is one token is not rare
}

TEST(Bpe, LongPiecesAndBytesWithoutATokenAreNotShort) {
  auto bytes = identity();
  bytes['z'] = kNoToken;
  const Bpe bpe(bytes, {{'a', 'b', 256}});
  std::vector<TokenId> ids;
  EXPECT_FALSE(bpe.encode_short("az", ids));
  EXPECT_FALSE(bpe.encode_short(std::string(1000, 'a'), ids));
  EXPECT_TRUE(ids.empty());
  EXPECT_TRUE(bpe.encode_short("", ids));
  EXPECT_TRUE(ids.empty());
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
