#include "text/bpe_train.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/parallel.h"
#include "refusal.h"
#include "text/byte_chars.h"
#include "text/tokenizer_golden.h"
#include "text/tokenizer_json.h"

namespace seekling {

static std::string refusal_to_train(const BpeTraining& training) {
  return refusal([&] { train_bpe(std::vector<std::string>{"a"}, training); });
}

static BpeTraining golden_training(PreTokenizerKind kind, const nlohmann::json& cases) {
  std::vector<std::string> specials(cases["special"].size());
  for (const auto& [content, id] : cases["special"].items()) specials[id.get<size_t>()] = content;
  return {cases["vocab_size"].get<Index>(), 2, specials, kind};
}

static std::vector<std::string> merged(const Tokenizer& tokenizer) {  // made by each merge
  std::vector<std::string> out;
  for (const Merge& merge : tokenizer.parts().merges)
    out.emplace_back(tokenizer.bytes(merge.result));
  return out;
}

// The example of Sennrich et al. 2016: "low" 5 times, "lower" 2, "newest" 6, "widest" 3.
static const std::vector<std::string> kSennrich = {
    "low",    "low",    "low",    "low",    "low",    "lower",  "lower",  "newest",
    "newest", "newest", "newest", "newest", "newest", "widest", "widest", "widest"};

TEST(BpeTraining, FindsTheMergesComputedByHand) {
  const Tokenizer tokenizer = train_bpe(kSennrich, {256 + 4, 2, {}, PreTokenizerKind::kGpt2});
  // Pairs: es 9, st 9, we 8, lo 7, ow 7, ne 6, ew 6, wi 3, id 3, de 3, er 2.
  // (e,s) has the smaller left id. Then st is gone: es+t 9. Then we loses the newest's 6 to w+est:
  // w+est 6, we 2, d+est 3; lo 7 and ow 7 tie: l < o. lo+w 7 next.
  EXPECT_EQ(merged(tokenizer), (std::vector<std::string>{"es", "est", "lo", "low"}));
}

TEST(BpeTraining, ReproducesTheLibrarysFileByteForByte) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const std::vector<std::string> corpus = {golden_text(name, "corpus.txt")};
    const Tokenizer tokenizer = train_bpe(corpus, golden_training(kind, golden_cases(name)));
    EXPECT_TRUE(tokenizer_json(tokenizer) == golden_text(name, "tokenizer.json")) << name;
    EXPECT_TRUE(tokenizer.parts() == read_tokenizer(golden_path(name, "tokenizer.json")).parts())
        << name;
  }
}

TEST(BpeTraining, IsTheSameForAnyNumberOfThreadsAndAnyOrder) {
  std::vector<std::string> lines;
  std::istringstream corpus(golden_text("tok_v3", "corpus.txt"));
  for (std::string line; std::getline(corpus, line);) lines.push_back(line + "\n");
  const BpeTraining training{400, 2, {}, PreTokenizerKind::kDeepseekV3};
  const int before = threads();
  set_threads(1);
  const TokenizerParts one = train_bpe(lines, training).parts();
  set_threads(3);
  EXPECT_TRUE(train_bpe(lines, training).parts() == one);
  std::reverse(lines.begin(), lines.end());
  EXPECT_TRUE(train_bpe(lines, training).parts() == one);
  set_threads(before);
}

TEST(BpeTraining, StopsBelowTheMinimumFrequency) {
  const std::vector<std::string> documents = {"ab", "ab", "ab", "cd", "cd"};
  EXPECT_EQ(merged(train_bpe(documents, {1000, 2, {}, PreTokenizerKind::kGpt2})),
            (std::vector<std::string>{"ab", "cd"}));
  EXPECT_EQ(merged(train_bpe(documents, {1000, 3, {}, PreTokenizerKind::kGpt2})),
            (std::vector<std::string>{"ab"}));
  EXPECT_TRUE(merged(train_bpe(std::vector<std::string>{}, {1000, 2, {}, PreTokenizerKind::kGpt2}))
                  .empty());
}

TEST(BpeTraining, APairWhoseTokenIsThereReusesItsId) {  // checked with tokenizers 0.23.3
  const std::vector<std::string> documents = {"abc", "abc", "abc"};
  const Tokenizer tokenizer = train_bpe(documents, {1000, 2, {"ab"}, PreTokenizerKind::kGpt2});
  const TokenId a = TokenId(1 + 'a' - '!'), b = a + 1, c = b + 1;  // after the special token
  EXPECT_EQ(tokenizer.vocab_size(), 1 + 256 + 1);
  EXPECT_EQ(tokenizer.parts().merges, (std::vector<Merge>{{a, b, 0}, {0, c, 257}}));
}

TEST(BpeTraining, LeavesOutBytesThatAreNotUtf8AndCountsThem) {
  PieceCounts pieces(PreTokenizerKind::kDeepseekV3);
  pieces.add(std::vector<std::string>{"ab\xFF\xFF", "ab\xE4\xBD", "ab"});
  EXPECT_EQ(pieces.malformed(), 3);  // FF, FF, and E4 BD together
  EXPECT_EQ(pieces.counts().size(), 1);
  EXPECT_EQ(pieces.counts().at("ab"), 3);
}

TEST(BpeTraining, NumbersSpecialsThenBytesByTheirPrintableCharacter) {
  const Tokenizer tokenizer = train_bpe(std::vector<std::string>{}, BpeTraining{});
  EXPECT_EQ(tokenizer.vocab_size(), 3 + 256);
  EXPECT_EQ(tokenizer.bos(), 0);
  EXPECT_EQ(tokenizer.eos(), 1);
  EXPECT_EQ(tokenizer.bytes(3), "!");  // U+0021 is the first printable character
  EXPECT_EQ(tokenizer.bytes(3 + 188), std::string(1, '\0'));  // U+0100, after 188 others
  EXPECT_EQ(tokenizer.bytes(3 + 188 + 32), " ");              // U+0120, Ġ
}

TEST(BpeTraining, RefusesSettingsThatCannotBe) {
  EXPECT_EQ(refusal_to_train({.vocab_size = 258}),
            "--vocab-size: found 258, expected at least 259 (3 special tokens and 256 bytes)");
  EXPECT_EQ(refusal_to_train({.min_frequency = 0}),
            "--min-frequency: found 0, expected at least 1");
  EXPECT_EQ(refusal_to_train({.specials = {"<a>", "<a>"}}), "--special: '<a>' is given twice");
  EXPECT_EQ(refusal_to_train({.specials = {"x"}}),
            "--special: found 'x', expected UTF-8 text that is longer than a byte");
}

}  // namespace seekling
