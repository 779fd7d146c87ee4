#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/check.h"
#include "gradcheck.h"
#include "infer/gpu_generator.h"
#include "infer/small_models.h"

namespace seekling {

namespace {

Config small() {
  Config c;
  c.vocab_size = 23, c.hidden_size = 16, c.num_hidden_layers = 2, c.n_routed_experts = 4,
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 8, c.intermediate_size = 24, c.max_position_embeddings = 12,
  c.initializer_range = 0.3;
  return c;
}

}  // namespace

TEST(Generator, GreedyTokensEqualThoseOfTheWholeSequenceAtEveryStep) {
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  std::vector<std::int32_t> ids{3, 1, 4};
  Generator generator(decoder, 12);
  generator.read(ids);
  for (const std::int32_t id : generator.generate(8, {}, -1)) {
    Losses losses;
    const Tensor logits = model.logits(model.hidden(ids, 1, Index(ids.size()), {}, losses));
    Index best = 0;
    logits.view().row(Index(ids.size()) - 1).maxCoeff(&best);
    EXPECT_EQ(id, best) << ids.size();
    ids.push_back(id);
  }
}

TEST(Generator, StopsAtTheEndOfTheSentenceAndWhenAsked) {
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  Generator first(decoder, 12);
  first.read(std::vector<std::int32_t>{3});
  const std::vector<std::int32_t> all = first.generate(6, {}, -1);
  Generator again(decoder, 12);
  again.read(std::vector<std::int32_t>{3});
  EXPECT_TRUE(again.generate(6, {}, all[0]).empty());
  Generator asked(decoder, 12);
  asked.read(std::vector<std::int32_t>{3});
  EXPECT_EQ(asked.generate(6, {}, -1, [](std::int32_t) { return false; }).size(), 1u);
}

TEST(Generator, TheEndOfTheSentenceIsNeitherGivenNorRead) {
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  const std::vector<std::int32_t> prompt{3, 1};
  Generator first(decoder, 12);
  first.read(prompt);
  const std::vector<std::int32_t> all = first.generate(8, {}, -1);
  std::size_t n = 1;  // a token that comes up late for the first time stands for the end
  for (std::size_t i = 1; i < all.size(); ++i)
    if (std::find(all.begin(), all.begin() + Index(i), all[i]) == all.begin() + Index(i)) n = i;
  Generator stopped(decoder, 12);
  stopped.read(prompt);
  std::vector<std::int32_t> given;
  const auto ids =
      stopped.generate(8, {}, all[n], [&](std::int32_t id) { return given.push_back(id), true; });
  EXPECT_EQ(ids, std::vector<std::int32_t>(all.begin(), all.begin() + Index(n)));
  EXPECT_EQ(given, ids);
  EXPECT_EQ(stopped.length(), Index(prompt.size() + n));
}

TEST(Generator, SaysWhenTheContextIsFull) {
  const Transformer model(small());
  const Decoder decoder(model);
  Generator generator(decoder, 99);
  EXPECT_ERROR(generator.read(std::vector<std::int32_t>(13, 1)),
               "the context is full: it holds 12 tokens, and 13 are needed; generate fewer tokens "
               "or shorten the prompt");
}

TEST(Generator, TheTokensBeforeTheContextIsFullAreGiven) {
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  Generator generator(decoder, 5);
  generator.read(std::vector<std::int32_t>{3, 1, 4});
  std::vector<std::int32_t> given;
  EXPECT_ERROR(
      generator.generate(9, {}, -1, [&](std::int32_t id) { return given.push_back(id), true; }),
      "the context is full: it holds 5 tokens, and 6 are needed; generate fewer tokens or shorten "
      "the prompt");
  EXPECT_EQ(given.size(), 3u);  // two that are in the context, and one that needs no room
  EXPECT_EQ(generator.length(), 5);
  Generator exact(decoder, 5);
  exact.read(std::vector<std::int32_t>{3, 1, 4});
  EXPECT_EQ(exact.generate(3, {}, -1), given);
}

TEST(Generator, AnEmptyPromptIsRefusedWhenATokenIsAskedFor) {
  const Transformer model(small());
  const Decoder decoder(model);
  Generator generator(decoder, 12);
  generator.read({});
  EXPECT_EQ(generator.length(), 0);
  EXPECT_ERROR(generator.generate(1, {}, -1),
               "generate: the prompt is empty, expected at least one token");
  EXPECT_TRUE(generator.generate(0, {}, -1).empty());
}

TEST(Generator, ATokenOutsideTheVocabularyIsRefusedAndNothingIsRead) {
  const Transformer model(small());
  const Decoder decoder(model);
  Generator generator(decoder, 12);
  for (const std::int32_t id : {-1, 23})
    EXPECT_ERROR(generator.read(std::vector<std::int32_t>{1, id}),
                 text("token id ", id,
                      " is outside the vocabulary of 23 (ids 0 to 22): tokenizer and model do not "
                      "belong together")
                     .c_str());
  EXPECT_EQ(generator.length(), 0);
}

TEST(Generator, APromptReadInPartsEqualsOneReadAtOnce) {  // one is longer than 512 tokens
  Config config = small();
  config.max_position_embeddings = 600;
  const Transformer model(config);
  model.initialise(50);
  const Decoder decoder(model);
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 530; ++i) ids.push_back(i * i % 23);
  Generator whole(decoder, 600), parts(decoder, 600);
  whole.read(ids);
  parts.read(std::span(ids).first(7));
  parts.read({});
  parts.read(std::span(ids).subspan(7));
  EXPECT_EQ(whole.length(), 530);
  EXPECT_EQ(parts.length(), 530);
  Losses losses;
  const Tensor expected = model.logits(model.hidden(ids, 1, 530, {}, losses));
  for (Index v = 0; v < 23; ++v) {
    EXPECT_NEAR(whole.logits()[std::size_t(v)], expected.view()(529, v), 1e-4);
    EXPECT_NEAR(parts.logits()[std::size_t(v)], expected.view()(529, v), 1e-4);
  }
}

TEST(Generator, TheSameSeedGivesTheSameTokens) {
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  const auto tokens = [&](std::uint64_t seed) {
    Generator generator(decoder, 12);
    generator.read(std::vector<std::int32_t>{3});
    return generator.generate(10, {.temperature = 1, .seed = seed}, -1);
  };
  EXPECT_EQ(tokens(1), tokens(1));
  EXPECT_NE(tokens(1), tokens(2));
}

// A module that guesses well sometimes: random weights alone would hardly ever agree.
static Transformer with_a_module(const Config& config) {
  Transformer model = made(config);
  const Mtp& m = model.mtp[0];
  const Index D = config.hidden_size;
  m.eh_proj.weight.view().matrix().setZero();
  for (Index d = 0; d < D; ++d) m.eh_proj.weight.view()(d, D + d) = 1;  // it gets h itself ...
  m.eh_proj.weight.view()(0, 1) = real(0.3);  // ... and a little of the embedding
  return model;
}

TEST(Guessing, GreedyTextIsThatOfGeneratingOneByOne) {
  Index accepted = 0;
  for (const Transformer& model :
       {made(v3_config()), with_a_module(v3_config()), made(v32_config())}) {
    for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive}) {
      const Decoder decoder(model, {.decoding = form});
      for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const std::vector<std::int32_t> prompt = made_up_ids(Index(1 + seed), 23, seed);
        const Sampling greedy{.repetition_penalty = seed % 2 ? 1.3 : 1.0};
        const std::int32_t eos = seed % 3 ? -1 : 7;
        Generator plain(decoder, 60), guessing(decoder, 60, true);
        plain.read(prompt), guessing.read(prompt);
        Generator::Guesses guesses;
        EXPECT_EQ(plain.generate(24, greedy, eos),
                  guessing.generate_guessing(24, greedy, eos, guesses))
            << seed;
        EXPECT_LE(guesses.accepted, guesses.made);
        accepted += guesses.accepted;
        plain.read(prompt), guessing.read(prompt);  // a conversation goes on
        EXPECT_EQ(plain.generate(5, greedy, eos),
                  guessing.generate_guessing(5, greedy, eos, guesses))
            << seed;
      }
    }
  }
  EXPECT_GT(accepted, 30);
}

TEST(Guessing, FillsTheContextToTheLastToken) {
  const Decoder decoder(with_a_module(v3_config()));
  const std::vector<std::int32_t> prompt = made_up_ids(5, 23);
  Generator plain(decoder, 12), guessing(decoder, 12, true);
  plain.read(prompt), guessing.read(prompt);
  Generator::Guesses guesses;
  EXPECT_EQ(plain.generate(8, {}, -1), guessing.generate_guessing(8, {}, -1, guesses));
  EXPECT_EQ(guessing.length(), 12);
}

TEST(Guessing, SampledTextHasTheDistributionOfGeneratingOneByOne) {
  Config config = v3_config();
  config.vocab_size = 6;
  const Decoder decoder(with_a_module(config));
  const std::vector<std::int32_t> prompt{1, 4, 2};
  constexpr int kDraws = 4000;
  // Of three tokens: a guess, its successor, a replacement.
  std::map<std::vector<std::int32_t>, double> plain, guessed;
  Index made = 0, accepted = 0;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    Generator one(decoder, 8), two(decoder, 8, true);
    one.read(prompt), two.read(prompt);
    Generator::Guesses guesses;
    ++plain[one.generate(3, {.temperature = 0.8, .top_p = 0.95, .seed = seed}, -1)];
    ++guessed[two.generate_guessing(3, {.temperature = 0.8, .top_p = 0.95, .seed = kDraws + seed},
                                    -1, guesses)];
    made += guesses.made, accepted += guesses.accepted;
  }
  EXPECT_GT(accepted, made / 20);  // both ways are met
  EXPECT_LT(accepted, made * 19 / 20);
  double chi2 = 0, rare_plain = 0, rare_guessed = 0;
  int classes = 0;
  const auto add = [&](double a, double b) {  // two samples of one size
    if (a + b > 0) chi2 += (a - b) * (a - b) / (a + b), ++classes;
  };
  std::map<std::vector<std::int32_t>, double> all = plain;
  for (const auto& [text, n] : guessed) all[text] += 0;
  for (const auto& [text, n] : all) {
    const double a = plain[text], b = guessed[text];
    if (a + b >= 20) add(a, b);
    else rare_plain += a, rare_guessed += b;
  }
  add(rare_plain, rare_guessed);
  ASSERT_GT(classes, 10);
  const double freedom = classes - 1;
  EXPECT_LT(chi2, freedom + 3.1 * std::sqrt(2 * freedom) + 6) << freedom;  // p of about 0.001
}

TEST(Guessing, AModelWithoutAModuleIsRefused) {
  const Decoder decoder(made(small_config()));
  EXPECT_ERROR(Generator(decoder, 8, true),
               "--speculative: this model has no multi-token prediction module "
               "(num_nextn_predict_layers is 0); "
               "train one with --num-nextn-predict-layers 1");
}

TEST(GpuGenerator, WritesWhatTheCpuWrites) {
  if (built_for_gpus() && !has_gpu()) GTEST_SKIP() << "this machine has no GPU";
  const Transformer model(small());
  model.initialise(50);
  const Decoder decoder(model);
  Generator cpu(decoder, 12);
  cpu.read(std::vector<std::int32_t>{3, 1, 4});
  const Transformer there = model.copy_on(Device::kCuda);
  GpuGenerator gpu(there, 12);
  gpu.read(std::vector<std::int32_t>{3, 1, 4});
  EXPECT_EQ(gpu.generate(8, {}, -1), cpu.generate(8, {}, -1));
  EXPECT_EQ(gpu.length(), cpu.length());
}

}  // namespace seekling
