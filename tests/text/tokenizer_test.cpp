#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/check.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "refusal.h"
#include "text/tokenizer_golden.h"
#include "text/tokenizer_json.h"

namespace seekling {

static Tokenizer golden(const std::string& name) {
  return read_tokenizer(golden_path(name, "tokenizer.json"));
}

static std::vector<std::string> random_texts(Index n, std::uint64_t seed) {  // half of it ASCII
  Rng rng(seed);
  std::vector<std::string> texts;
  for (Index i = 0; i < n; ++i) {
    std::string text;
    for (Index length = rng.below(60); length > 0; --length)
      text += char(rng.below(2) ? rng.below(256) : 9 + rng.below(118));
    texts.push_back(text);
  }
  return texts;
}

TEST(Tokenizer, EncodesEveryGoldenTextAsTheLibraryDoes) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const Tokenizer tokenizer = golden(name);
    const auto cases = golden_cases(name)["cases"];
    for (int pass = 0; pass < 2; ++pass)  // the second from the cache
      for (const auto& test : cases) {
        const auto text = test["text"].get<std::string>();
        const auto ids = tokenizer.encode(text);
        EXPECT_EQ(ids, test["ids"].get<std::vector<TokenId>>()) << name << ": " << test["text"];
        EXPECT_EQ(tokenizer.decode(ids), text) << name;
      }
  }
}

TEST(Tokenizer, DecodesEveryGoldenListAsTheLibraryDoes) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const Tokenizer tokenizer = golden(name);
    const auto cases = golden_cases(name);
    for (const auto& test : cases["decode"])
      EXPECT_EQ(tokenizer.decode(test["ids"].get<std::vector<TokenId>>()),
                test["text"].get<std::string>())
          << test;
  }
}

TEST(Tokenizer, GivesBackTheBytesOfAnyText) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const Tokenizer tokenizer = golden(name);
    for (const std::string& text : random_texts(500, 1)) {
      EXPECT_EQ(tokenizer.decode_bytes(tokenizer.encode(text)), text);
      EXPECT_EQ(tokenizer.decode_bytes(tokenizer.encode(text, false)), text);
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), utf8_lossy(text));
    }
  }
}

TEST(Tokenizer, TakesSpecialsAsTextWhenAsked) {
  const Tokenizer tokenizer = golden("tok_v3");
  const TokenId user = tokenizer.special("<｜User｜>").value();
  EXPECT_EQ(tokenizer.encode("<｜User｜>"), std::vector<TokenId>{user});
  for (const TokenId id : tokenizer.encode("a<｜User｜><｜begin▁of▁sentence｜>", false))
    EXPECT_FALSE(tokenizer.is_special(id));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a<｜User｜>", false)), "a<｜User｜>");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a<｜User｜>b"), /*keep_specials=*/false), "ab");
}

TEST(Tokenizer, CutsOutTheLeftmostLongestAddedToken) {
  TokenizerParts parts = golden("tok_v3").parts();
  for (const char* content : {"<a", "<a>", "a>b", "Q", "<a><a>c"}) {
    parts.added.push_back({TokenId(parts.tokens.size()), content});
    parts.tokens.emplace_back(content);
  }
  const Tokenizer tokenizer(parts);
  EXPECT_EQ(tokenizer.encode("<a><aQ"), (std::vector<TokenId>{701, 700, 703}));
  EXPECT_EQ(tokenizer.encode("<a><a>c"), std::vector<TokenId>{704});
  EXPECT_EQ(tokenizer.encode("a>b<"), (std::vector<TokenId>{702, tokenizer.encode("<").at(0)}));
}

TEST(Tokenizer, KnowsItsSpecialsAndTheBytesOfEachToken) {
  const Tokenizer tokenizer = golden("tok_v2");
  EXPECT_EQ(tokenizer.vocab_size(), 700);
  EXPECT_EQ(tokenizer.bos(), 0);
  EXPECT_EQ(tokenizer.eos(), 1);
  EXPECT_EQ(tokenizer.bytes(0), kBosContent);
  EXPECT_EQ(tokenizer.special(kPadContent), 2);
  EXPECT_FALSE(tokenizer.special("the"));
  EXPECT_FALSE(tokenizer.is_special(300));
}

TEST(Tokenizer, EncodesABatchTheSameWithAnyNumberOfThreads) {
  const Tokenizer tokenizer = golden("tok_v3");
  const auto texts = random_texts(300, 2);
  std::vector<std::vector<TokenId>> expected;
  for (const std::string& text : texts) expected.push_back(tokenizer.encode(text));
  const int before = threads();
  for (const int n : {1, 2, 4}) {
    set_threads(n);
    EXPECT_EQ(tokenizer.encode_batch(texts), expected) << n << " threads";
  }
  set_threads(before);
}

TEST(Tokenizer, EncodesALongTextTheSameWithAnyNumberOfThreads) {
  for (const auto& [name, kind] : kGoldenFixtures) {
    const Tokenizer tokenizer = golden(name);
    std::string text;
    for (const std::string& more : random_texts(4000, 5)) text += more + " The village, 12345. ";
    for (const auto& test : golden_cases(name)["cases"]) text += test["text"].get<std::string>();
    std::vector<TokenId> one;
    const int before = threads();
    for (const int n : {1, 2, 5}) {
      set_threads(n);
      const auto ids = tokenizer.encode(text);
      if (n == 1) one = ids;
      EXPECT_TRUE(ids == one) << name << ", " << n << " threads";
      EXPECT_EQ(tokenizer.encode_batch(std::vector<std::string>{text, "a", text, ""}),
                (std::vector<std::vector<TokenId>>{one, tokenizer.encode("a"), one, {}}));
    }
    set_threads(before);
    EXPECT_EQ(tokenizer.decode_bytes(one), text);
    EXPECT_GT(tokenizer.pre_tokenizer().parts(text, size_t(64) << 10).size(), 2);
  }
}

TEST(Tokenizer, MayBeUsedFromSeveralThreadsAtOnce) {
  const Tokenizer tokenizer = golden("tok_v2");
  const auto texts = random_texts(100, 3);
  const auto all = [&] {
    std::vector<TokenId> ids;
    for (const auto& text : texts)
      for (const TokenId id : tokenizer.encode(text)) ids.push_back(id);
    return ids;
  };
  const auto expected = all();
  std::vector<std::vector<TokenId>> found(4);
  std::vector<std::thread> running;
  for (auto& mine : found) running.emplace_back([&] { mine = all(); });
  for (auto& thread : running) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, expected);
}

TEST(Tokenizer, AnErrorInABatchReachesTheCaller) {
  TokenizerParts parts = golden("tok_v3").parts();
  parts.stages.insert(parts.stages.begin(), {.kind = SplitStage::kSplit, .pattern = "(a+)+(b|c)"});
  const Tokenizer tokenizer(parts);
  const std::vector<std::string> texts(40, std::string(64, 'a'));
  EXPECT_THROW(tokenizer.encode_batch(texts), Error);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("aab c")), "aab c");  // the tokenizer is unchanged
}

TEST(Tokenizer, AnIdWithoutATokenDecodesToNothing) {  // a model's vocabulary may be padded
  const Tokenizer tokenizer = golden("tok_v3");
  std::vector<TokenId> ids = tokenizer.encode("abc");
  ids.insert(ids.begin() + 1, {700, 1 << 30});
  EXPECT_EQ(tokenizer.decode(ids), "abc");
  EXPECT_EQ(refusal([&] { tokenizer.decode(std::vector<TokenId>{-1}); }),
            "decode: token id -1 is negative");
}

TEST(Tokenizer, NamesTheMissingBosOnlyWhenAsked) {
  TokenizerParts parts = golden("tok_v3").parts();
  parts.added.clear();
  const Tokenizer tokenizer(parts);
  EXPECT_EQ(refusal([&] { tokenizer.bos(); }),
            "tokenizer: no token that begins a text: <｜begin▁of▁sentence｜> is not among the "
            "added tokens");
}

TEST(Tokenizer, RefusesPartsThatDoNotFit) {
  const TokenizerParts good = golden("tok_v3").parts();
  TokenizerParts parts = good;
  parts.merges.push_back(parts.merges[3]);
  EXPECT_EQ(refusal([&] { Tokenizer{parts}; }),
            "tokenizer: merge 436 repeats merge 3; give each pair once");
  parts = good;
  parts.added[1].content = parts.added[0].content;
  EXPECT_EQ(refusal([&] { Tokenizer{parts}; }),
            "tokenizer: added token <｜begin▁of▁sentence｜> occurs twice");
}

}  // namespace seekling
