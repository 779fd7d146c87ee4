#include "infer/generate.h"

#include <gtest/gtest.h>

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

TEST(Generator, SaysWhenTheContextIsFull) {
  const Transformer model(small());
  Generator generator(model, 99);
  EXPECT_ERROR(generator.read(std::vector<std::int32_t>(13, 1)),
               "the context is full: it holds 12 tokens, and 13 are needed; generate fewer tokens or shorten the prompt");
}

}  // namespace seekling
