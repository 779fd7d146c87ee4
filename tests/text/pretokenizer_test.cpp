#include "text/pretokenizer.h"

#include <gtest/gtest.h>

#include "core/rng.h"
#include "text/tokenizer_golden.h"

namespace seekling {

using Pieces = std::vector<std::string_view>;

static PreTokenizer splitting_on(const std::string& pattern) {
  return PreTokenizer(
      {{.kind = SplitStage::kSplit, .pattern = pattern}, {.kind = SplitStage::kByteLevel}});
}

TEST(PreTokenizer, CutsEveryGoldenTextAsTheLibraryDoes) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const PreTokenizer pre_tokenizer(kind);
    const auto cases = golden_cases(name);
    for (const auto& test : cases["cases"]) {
      const auto text = test["text"].get<std::string>();
      const auto expected = test["pieces"].get<std::vector<std::string>>();
      if (expected.empty()) continue;
      const Pieces found = pre_tokenizer.pieces(text);
      EXPECT_EQ(std::vector<std::string>(found.begin(), found.end()), expected)
          << name << ": " << test["text"];
    }
  }
}

TEST(PreTokenizer, Gpt2KeepsTheBlankWithTheWordAfterIt) {
  const PreTokenizer gpt2(PreTokenizerKind::kGpt2);
  EXPECT_EQ(gpt2.pieces("I'll take 12  eggs!\n"),
            (Pieces{"I", "'ll", " take", " 12", " ", " eggs", "!", "\n"}));
}

TEST(PreTokenizer, V2SplitsNumbersIntoDigitsAndV3IntoThrees) {
  EXPECT_EQ(PreTokenizer(PreTokenizerKind::kDeepseekV2).pieces("1234"),
            (Pieces{"1", "2", "3", "4"}));
  EXPECT_EQ(PreTokenizer(PreTokenizerKind::kDeepseekV3).pieces("1234"), (Pieces{"123", "4"}));
}

TEST(PreTokenizer, DigitsMayStayTogether) {
  const PreTokenizer digits({{.kind = SplitStage::kDigits, .individual_digits = false}});
  EXPECT_EQ(digits.pieces("a12½b"), (Pieces{"a", "12½", "b"}));
}

// Both blanks end a piece between Chinese runs; before a word, one stays.
TEST(PreTokenizer, AStageSeesItsOwnPieceOnly) {
  const PreTokenizer v3(PreTokenizerKind::kDeepseekV3);
  EXPECT_EQ(v3.pieces("好  好"), (Pieces{"好", "  ", "好"}));
  EXPECT_EQ(v3.pieces("a  b"), (Pieces{"a", " ", " b"}));
}

TEST(PreTokenizer, WhiteSpaceIsUnicodes) {
  for (const char* blank : {"\t", "\v", "\f", "\r", "\u0085", "\u00A0", "\u1680", "\u2003",
                            "\u2028", "\u202F", "\u3000"})
    EXPECT_EQ(splitting_on(R"(\s)").pieces("a" + std::string(blank) + "b").size(), 3) << blank;
  for (const char* other : {"\u180E", "\u200B", "\u2060", "\uFEFF"})
    EXPECT_EQ(splitting_on(R"([\s]|x)").pieces("a" + std::string(other) + "b").size(), 1) << other;
}

TEST(PreTokenizer, ADollarEndsALine) {
  EXPECT_EQ(splitting_on(R"(b$)").pieces("ab\nbc b"), (Pieces{"a", "b", "\nbc ", "b"}));
}

TEST(PreTokenizer, BlanksAtTheLineEndAreFoundInLinearTime) {  // a second would be quadratic time
  const std::string text = std::string(200'000, ' ') + "9";
  EXPECT_EQ(splitting_on(R"(\s+$)").pieces(text).size(), 1);
  EXPECT_EQ(splitting_on(R"(\s+$)").pieces("a \n b  "), (Pieces{"a", " ", "\n b", "  "}));
}

// Texts in which a cut could show: line ends, blanks, marks, contractions, malformed bytes.
static std::string text_to_cut(Rng& rng) {
  static const std::vector<std::string> parts = {
      "the", " ",    "  ",   "\n",  "\r\n", "'s",  "é",      "日本",   "ほ",
      "。",  "1",    "2345", "½",   "!",    "...", "\t",     "\u3000", "\u0301",
      "😀",   "\xFF", "\xE3", "a-b", "'LL",  "_",   "\u200b", "-",      "\u0085"};
  std::string text;
  for (Index n = rng.below(30); n > 0; --n) text += parts[size_t(rng.below(Index(parts.size())))];
  return text;
}

static std::vector<PreTokenizer> of_all_kinds() {
  return {
      PreTokenizer(PreTokenizerKind::kGpt2), PreTokenizer(PreTokenizerKind::kDeepseekV2),
      PreTokenizer(PreTokenizerKind::kDeepseekV3),
      splitting_on(R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
                   R"(\s+(?!\S)|\s+)")};
}

TEST(PreTokenizer, ThePiecesOfThePartsAreThoseOfTheText) {
  Rng rng(3);
  Index cuts = 0;
  for (const PreTokenizer& pre_tokenizer : of_all_kinds()) {
    for (int i = 0; i < 1000; ++i) {
      const std::string text = text_to_cut(rng);
      Pieces joined;
      for (const std::string_view part : pre_tokenizer.parts(text, size_t(rng.below(9)))) {
        for (const std::string_view piece : pre_tokenizer.pieces(part)) joined.push_back(piece);
        ++cuts;
      }
      EXPECT_EQ(joined, pre_tokenizer.pieces(text)) << text;
    }
  }
  EXPECT_GT(cuts, 3 * 4000);
}

TEST(PreTokenizer, ATextIsNotCutWhereItsPiecesAreUnknown) {
  EXPECT_EQ(splitting_on("(?<=a)b").parts("ab ab ab ab", 2).size(), 1);  // by PCRE2
  EXPECT_EQ(PreTokenizer(std::vector<SplitStage>{}).parts("ab ab ab ab", 2).size(), 1);
  EXPECT_EQ(splitting_on("b").parts("aaa aaa", 2).size(), 1);  // one piece
  EXPECT_EQ(splitting_on("b").parts("aba", 1), (Pieces{"ab", "a"}));
}

TEST(PreTokenizer, ARunOfMalformedBytesIsAPiece) {
  const PreTokenizer v3(PreTokenizerKind::kDeepseekV3);
  const std::string text = "ab\xFF\xC3 c\xE4\xBD";
  const Pieces found = v3.pieces(text);
  EXPECT_EQ(found, (Pieces{"ab", "\xFF\xC3", " c", "\xE4\xBD"}));
}

}  // namespace seekling
