#include "repeats/words.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Words, CaseAndWhatStandsBetweenThemDoNotCount) {
  EXPECT_EQ(word_hashes("The cat, 2 dogs."), word_hashes("  the\tCAT -- 2 (dogs)\n"));
  EXPECT_EQ(word_hashes("ÉCOLE ΣΟΦΙΑ ЁЛКА"), word_hashes("école σοφια ёлка"));
  EXPECT_NE(word_hashes("cat"), word_hashes("cats"));
  EXPECT_EQ(word_hashes("a b a").size(), 3u);
  EXPECT_EQ(word_hashes("a b a")[0], word_hashes("a b a")[2]);
  EXPECT_TRUE(word_hashes(" .,!? ").empty());
}

TEST(Words, ScriptsWithoutBlanksHaveOneForEachLetter) {
  EXPECT_EQ(word_hashes("猫がいる。").size(), 4u);
  EXPECT_EQ(word_hashes("猫x犬").size(), 3u);
  EXPECT_EQ(word_hashes("고양이가 있다").size(), 2u);
}

TEST(Ngrams, EachIsMadeOfItsWordsAndTheirOrder) {
  const auto words = word_hashes("a b c d a b c");
  const auto trigrams = ngram_hashes(words, 3);
  ASSERT_EQ(trigrams.size(), 5u);
  EXPECT_EQ(trigrams[0], trigrams[4]);
  EXPECT_EQ(trigrams[1], ngram_hashes(word_hashes("b c d"), 3)[0]);
  EXPECT_NE(ngram_hashes(word_hashes("a b c"), 3), ngram_hashes(word_hashes("c b a"), 3));
}

TEST(Ngrams, AShortTextHasOne) {
  EXPECT_EQ(ngram_hashes(word_hashes("a b"), 5).size(), 1u);
  EXPECT_EQ(ngram_hashes(word_hashes("a b c d e"), 5).size(), 1u);
  EXPECT_TRUE(ngram_hashes({}, 5).empty());
}

TEST(TextHash, OnlyWhiteSpaceDoesNotCount) {
  EXPECT_EQ(text_hash(" a  b\r\n"), text_hash("a b"));
  EXPECT_NE(text_hash("a b"), text_hash("ab"));
  EXPECT_NE(text_hash("a=b"), text_hash("a+b"));
  EXPECT_NE(text_hash("A"), text_hash("a"));
}

TEST(Words, BeginWhereTheirFirstCharacterStands) {
  EXPECT_EQ(word_begins(" A, bc\u00e9d 猫犬 9"), (std::vector<std::uint32_t>{1, 4, 10, 13, 17}));
  EXPECT_EQ(word_begins("..."), std::vector<std::uint32_t>{});
}

}  // namespace seekling
