#include "infer/generate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

namespace {

Config small() {
  Config c;
  c.vocab_size = 23, c.hidden_size = 16, c.num_hidden_layers = 2, c.n_routed_experts = 4, c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 8, c.intermediate_size = 24, c.max_position_embeddings = 12, c.initializer_range = 0.3;
  return c;
}

}  // namespace

TEST(Generator, GreedyTokensEqualThoseOfTheWholeSequenceAtEveryStep) {
  const Transformer model(small());
  model.initialise(50);
  std::vector<std::int32_t> ids{3, 1, 4};
  Generator generator(model, 12);
  generator.read(ids);
  for (const std::int32_t id : generator.generate(8, {}, -1)) {
    Pass pass;
    const Tensor logits = model.logits(model.hidden(ids, 1, Index(ids.size()), pass));
    Index best = 0;
    logits.view().row(Index(ids.size()) - 1).maxCoeff(&best);
    EXPECT_EQ(id, best) << ids.size();
    ids.push_back(id);
  }
}

TEST(Generator, StopsAtTheEndOfTheSentenceAndWhenAsked) {
  const Transformer model(small());
  model.initialise(50);
  Generator first(model, 12);
  first.read(std::vector<std::int32_t>{3});
  const std::vector<std::int32_t> all = first.generate(6, {}, -1);
  Generator again(model, 12);
  again.read(std::vector<std::int32_t>{3});
  EXPECT_TRUE(again.generate(6, {}, all[0]).empty());
  Generator asked(model, 12);
  asked.read(std::vector<std::int32_t>{3});
  EXPECT_EQ(asked.generate(6, {}, -1, [](std::int32_t) { return false; }).size(), 1u);
}

TEST(Generator, TheEndOfTheSentenceIsNeitherGivenNorRead) {
  const Transformer model(small());
  model.initialise(50);
  const std::vector<std::int32_t> prompt{3, 1};
  Generator first(model, 12);
  first.read(prompt);
  const std::vector<std::int32_t> all = first.generate(8, {}, -1);
  std::size_t n = 1;  // a token that comes up late for the first time stands for the end
  for (std::size_t i = 1; i < all.size(); ++i)
    if (std::find(all.begin(), all.begin() + Index(i), all[i]) == all.begin() + Index(i)) n = i;
  Generator stopped(model, 12);
  stopped.read(prompt);
  std::vector<std::int32_t> given;
  const auto ids = stopped.generate(8, {}, all[n], [&](std::int32_t id) { return given.push_back(id), true; });
  EXPECT_EQ(ids, std::vector<std::int32_t>(all.begin(), all.begin() + Index(n)));
  EXPECT_EQ(given, ids);
  EXPECT_EQ(stopped.length(), Index(prompt.size() + n));
}

TEST(Generator, SaysWhenTheContextIsFull) {
  const Transformer model(small());
  Generator generator(model, 99);
  EXPECT_ERROR(
      generator.read(std::vector<std::int32_t>(13, 1)),
      "the context is full: it holds 12 tokens, and 13 are needed; generate fewer tokens or shorten the prompt");
}

TEST(Generator, TheTokensBeforeTheContextIsFullAreGiven) {
  const Transformer model(small());
  model.initialise(50);
  Generator generator(model, 5);
  generator.read(std::vector<std::int32_t>{3, 1, 4});
  std::vector<std::int32_t> given;
  EXPECT_ERROR(generator.generate(9, {}, -1, [&](std::int32_t id) { return given.push_back(id), true; }),
               "the context is full: it holds 5 tokens, and 6 are needed; generate fewer tokens or shorten the prompt");
  EXPECT_EQ(given.size(), 3u);  // two that are in the context, and one that needs no room
  EXPECT_EQ(generator.length(), 5);
  Generator exact(model, 5);
  exact.read(std::vector<std::int32_t>{3, 1, 4});
  EXPECT_EQ(exact.generate(3, {}, -1), given);
}

TEST(Generator, AnEmptyPromptIsRefusedWhenATokenIsAskedFor) {
  const Transformer model(small());
  Generator generator(model, 12);
  generator.read({});
  EXPECT_EQ(generator.length(), 0);
  EXPECT_ERROR(generator.generate(1, {}, -1), "generate: the prompt is empty, expected at least one token");
  EXPECT_TRUE(generator.generate(0, {}, -1).empty());
}

TEST(Generator, ATokenOutsideTheVocabularyIsRefusedAndNothingIsRead) {
  const Transformer model(small());
  Generator generator(model, 12);
  for (const std::int32_t id : {-1, 23})
    EXPECT_ERROR(generator.read(std::vector<std::int32_t>{1, id}),
                 text("embedding: token id ", id,
                      " is outside the vocabulary of 23 (ids 0 to 22): tokenizer and model do not "
                      "belong together")
                     .c_str());
  EXPECT_EQ(generator.length(), 0);
}

TEST(Generator, APromptReadInPartsEqualsOneReadAtOnce) {  // and one longer than the 512 tokens read at a time
  Config config = small();
  config.max_position_embeddings = 600;
  const Transformer model(config);
  model.initialise(50);
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 530; ++i) ids.push_back(i * i % 23);
  Generator whole(model, 600), parts(model, 600);
  whole.read(ids);
  parts.read(std::span(ids).first(7));
  parts.read({});
  parts.read(std::span(ids).subspan(7));
  EXPECT_EQ(whole.length(), 530);
  EXPECT_EQ(parts.length(), 530);
  Pass pass;
  const Tensor expected = model.logits(model.hidden(ids, 1, 530, pass));
  for (Index v = 0; v < 23; ++v) {
    EXPECT_NEAR(whole.logits()[std::size_t(v)], expected.view()(529, v), 1e-4);
    EXPECT_NEAR(parts.logits()[std::size_t(v)], expected.view()(529, v), 1e-4);
  }
}

TEST(Generator, TheSameSeedGivesTheSameTokens) {
  const Transformer model(small());
  model.initialise(50);
  const auto tokens = [&](std::uint64_t seed) {
    Generator generator(model, 12);
    generator.read(std::vector<std::int32_t>{3});
    return generator.generate(10, {.temperature = 1, .seed = seed}, -1);
  };
  EXPECT_EQ(tokens(1), tokens(1));
  EXPECT_NE(tokens(1), tokens(2));
}

}  // namespace seekling
