#include "repeats/repeated_passages.h"

#include <map>
#include <numeric>

#include "core/parallel.h"
#include "repeats/planted_corpus.h"
#include "repeats/words.h"
#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

using Texts = std::vector<std::string>;

class RepeatedPassagesTest : public ScratchTest {
 protected:
  // memory: 160 bytes for each word of a block.
  Texts without(const Texts& texts, Index least, std::size_t memory) {
    DocumentStore store(dir / "store");
    for (const std::string& text : texts) store.add(document(text, "a"));
    store.flush();
    RepeatedPassages passages({.least = least, .memory = memory, .scratch = dir});
    std::vector<Index> numbers(texts.size());
    std::iota(numbers.begin(), numbers.end(), Index(0));
    passages.add(numbers, texts);
    passages.find(store);
    Texts rest;
    removed = {};
    for (Index i = 0; i < Index(texts.size()); ++i)
      rest.push_back(passages.without(i, texts[std::size_t(i)], removed));
    return rest;
  }

  RemovedPassages removed;
  static constexpr std::size_t kOneBlock = std::size_t(1) << 24;
};

TEST_F(RepeatedPassagesTest, TheFirstStaysInOneDocumentOrInAnother) {
  for (const std::size_t memory : {kOneBlock, std::size_t(1)}) {  // 1: a block for each document
    EXPECT_EQ(without({"One two three four, five! A", "B. One Two  three FOUR (five) six.\n",
                       "one two three four C"},
                      5, memory),
              (Texts{"One two three four, five! A", "B. six.\n", "one two three four C"}));
    EXPECT_EQ(removed.passages, 1);
    EXPECT_EQ(removed.words, 5);
  }
  EXPECT_EQ(without({"a b c d. a b c d. e"}, 4, kOneBlock), Texts{"a b c d. e"});
}

TEST_F(RepeatedPassagesTest, APassageDoesNotRepeatWhatItOverlaps) {
  EXPECT_EQ(without({"ha ha ha ha ha ha ha ha ha ha"}, 4, kOneBlock), Texts{"ha ha ha ha "});
}

TEST_F(RepeatedPassagesTest, ScriptsWithoutBlanksAreCutBetweenCharacters) {
  EXPECT_EQ(without({"一二三四五六。", "七一二三四五六八"}, 6, kOneBlock),
            (Texts{"一二三四五六。", "七八"}));
}

namespace {

// Documents with passages planted in them, 20 to 120 words long and 2 to 6 times.
Texts planted_texts(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::vector<std::string>> documents(400);
  for (auto& words : documents)
    for (Index n = 50 + rng.below(150); n > 0; --n)
      words.push_back("w" + std::to_string(rng.below(100'000)));
  for (int passage = 0; passage < 150; ++passage) {
    std::vector<std::string> words;
    for (Index n = 20 + rng.below(101); n > 0; --n) words.push_back(planted::random_word(rng));
    for (Index times = 2 + rng.below(5); times > 0; --times) {
      auto& to = documents[std::size_t(rng.below(400))];
      to.insert(to.begin() + rng.below(Index(to.size()) + 1), words.begin(), words.end());
    }
  }
  Texts texts;
  for (const auto& words : documents) texts.push_back(planted::joined(words));
  return texts;
}

// By definition: the words in a window of `least` words that stood before and do not overlap that.
std::vector<std::vector<bool>> repeated_words(const Texts& texts, std::size_t least) {
  std::map<std::vector<std::uint64_t>, std::pair<std::size_t, std::size_t>> first;
  std::vector<std::vector<bool>> repeated;
  for (std::size_t d = 0; d < texts.size(); ++d) {
    const auto words = word_hashes(texts[d]);
    repeated.emplace_back(words.size());
    for (std::size_t i = 0; i + least <= words.size(); ++i) {
      const auto [at, is_new] = first.emplace(
          std::vector(words.begin() + Index(i), words.begin() + Index(i + least)), std::pair(d, i));
      if (is_new || (at->second.first == d && at->second.second + least > i)) continue;
      std::fill_n(repeated[d].begin() + Index(i), least, true);
    }
  }
  return repeated;
}

}  // namespace

TEST_F(RepeatedPassagesTest, OfPlantedPassagesAllWordsAreFoundAndNoOthers) {
  constexpr Index kLeast = 50;
  const Texts texts = planted_texts(/*seed=*/30112026);
  const auto expected = repeated_words(texts, kLeast);
  for (const std::size_t memory : {std::size_t(160) * 1000, std::size_t(160) * 10'000, kOneBlock}) {
    const Texts rest = without(texts, kLeast, memory);
    Index planted = 0, right = 0, wrong = 0;
    for (std::size_t d = 0; d < texts.size(); ++d) {
      // What is left, in order, is all but the removed words
      const auto words = word_hashes(texts[d]), left = word_hashes(rest[d]);
      std::size_t next = 0;
      for (std::size_t i = 0; i < words.size(); ++i) {
        const bool stays = next < left.size() && left[next] == words[i];
        next += stays;
        planted += expected[d][i];
        right += !stays && expected[d][i];
        wrong += !stays && !expected[d][i];
      }
      EXPECT_EQ(next, left.size());
    }
    EXPECT_GT(planted, 20'000);
    EXPECT_EQ(right + wrong, removed.words);
    EXPECT_GE(double(right) / double(planted), 0.999);        // recall; found: 1
    EXPECT_GE(double(right) / double(right + wrong), 0.999);  // precision; found: 1
  }
}

TEST_F(RepeatedPassagesTest, TheSameForAnyNumberOfThreads) {
  const Texts texts = planted_texts(5);
  const int before = threads();
  set_threads(1);
  const Texts one = without(texts, 50, 160 * 1000);
  set_threads(3);
  EXPECT_EQ(without(texts, 50, 160 * 1000), one);
  set_threads(before);
}

TEST(Winnowed, EqualPassagesNoteAnEqualWindow) {
  Rng rng(11);
  constexpr Index kWidth = 26;
  std::vector<std::uint64_t> text(10'000);
  for (auto& window : text) window = std::uint64_t(rng.below(1000));
  const auto noted = winnowed(text, kWidth);
  EXPECT_NEAR(double(noted.size()) / double(text.size()), 2. / (kWidth + 1), 0.01);
  for (int round = 0; round < 300; ++round) {  // kWidth windows of it alone note one of those
    const std::size_t at = std::size_t(rng.below(Index(text.size()) - kWidth));
    const auto alone = winnowed(std::span(text).subspan(at, kWidth), kWidth);
    ASSERT_EQ(alone.size(), 1u);
    EXPECT_TRUE(std::ranges::binary_search(noted, std::uint32_t(at) + alone[0]));
  }
}

}  // namespace seekling
