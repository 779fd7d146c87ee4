// The model prepared for inference against the model as it is trained, and against itself.
#include "infer/decoder.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "core/parallel.h"
#include "gradcheck.h"
#include "infer/small_models.h"
#include "model/size.h"

namespace seekling {

namespace {

Tensor whole(const Transformer& model, const std::vector<std::int32_t>& ids) {
  Losses losses;
  return model.logits(model.hidden(ids, 1, Index(ids.size()), {}, losses))
      .reshape({Index(ids.size()), model.config.vocab_size});
}

// Logits of every token, the first `split` read as a prompt in parts of `chunk`,
// the others one by one.
Tensor cached(const Decoder& decoder, const std::vector<std::int32_t>& ids, Index split,
              Index chunk) {
  Pages pages = decoder.make_pages(8);
  Sequence s;
  const Tensor z({Index(ids.size()), decoder.config.vocab_size});
  for (Index t = 0; t < Index(ids.size());) {
    const Index n = t < split ? std::min(chunk, split - t) : 1;
    const Decoder::Token one{&s, ids[size_t(t)]};
    const Tensor h =
        t < split ? decoder.prefill(s, std::span(ids).subspan(size_t(t), size_t(n)), pages, n)
                  : decoder.step(std::span(&one, 1), pages);
    z.view().middle_rows(t, n).matrix() = decoder.logits(h).view().matrix();
    t += n;
  }
  return z;
}

double difference(const Tensor& a, const Tensor& b) {
  return double((a.view().matrix() - b.view().matrix()).cwiseAbs().maxCoeff());
}

const std::pair<const char*, Config> kModels[] = {
    {"V2", small_config()},      {"V2 with YaRN", with_yarn(small_config())},
    {"V3", v3_config()},         {"V3.2", v32_config()},
    {"MHA", baseline_config(4)}, {"GQA", baseline_config(2)},
    {"MQA", baseline_config(1)}};

}  // namespace

TEST(Decoder, EveryTokenEqualsTheWholeSequenceAtAnySplitAbsorbedAndNaive) {
  for (const auto& [what, config] : kModels) {
    const Transformer model = made(config);
    const std::vector<std::int32_t> ids = made_up_ids(40, config.vocab_size);
    const Tensor expected = whole(model, ids);
    for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive}) {
      const Decoder decoder(model, {.decoding = form});
      for (const auto& [split, chunk] :
           {std::pair<Index, Index>{0, 1}, {1, 1}, {7, 3}, {33, 33}, {40, 40}, {39, 10}})
        EXPECT_LT(difference(cached(decoder, ids, split, chunk), expected), 2e-4)
            << what << " " << int(form) << " " << split << " " << chunk;
    }
  }
}

TEST(Decoder, EveryTokenEqualsTheEquationsThatDecodeOneByOne) {  // those of nn's decode()
  for (const auto& [what, config] : kModels) {
    const Transformer model = made(config);
    const std::vector<std::int32_t> ids = made_up_ids(40, config.vocab_size);
    std::vector<Cache> caches = model.make_caches(40);
    const Tensor expected({40, config.vocab_size});
    for (Index t = 0; t < 40; ++t) {
      const Tensor h = model.decode(std::span(ids).subspan(size_t(t), 1), caches);
      expected.view().row(t) = model.logits(h).reshape({1, config.vocab_size}).view().row(0);
    }
    for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive})
      EXPECT_LT(difference(cached(Decoder(model, {.decoding = form}), ids, 0, 1), expected), 2e-4)
          << what;
  }
}

TEST(Decoder, UpProjectingAndAbsorbingAPromptAreTheSame) {  // T = 1 absorbs, T = S up-projects
  const Transformer model = made(small_config());
  const std::vector<std::int32_t> ids = made_up_ids(60, 23);
  const Decoder decoder(model);
  const Tensor expected = whole(model, ids);
  for (const Index last : {1, 5, 30}) {
    Pages pages = decoder.make_pages(2);
    Sequence s;
    decoder.prefill(s, std::span(ids).first(size_t(60 - last)), pages, 0);
    const Tensor z =
        decoder.logits(decoder.prefill(s, std::span(ids).last(size_t(last)), pages, last));
    EXPECT_LT(difference(z, expected.slice(60 - last, last)), 2e-4) << last;
  }
}

TEST(Decoder, WhatIsNotWantedOfAPromptIsNotMissed) {  // of each part none, the last or some
  for (const auto& [what, config] : kModels) {
    const Transformer model = made(config);
    const std::vector<std::int32_t> ids = made_up_ids(40, config.vocab_size);
    const Tensor expected = whole(model, ids);
    for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive})
      for (const Index wanted : {0, 1, 7}) {
        const Decoder decoder(model, {.decoding = form});
        Pages pages = decoder.make_pages(2);
        Sequence s;
        for (const Index begin : {0, 15}) {
          const Tensor h =
              decoder.prefill(s, std::span(ids).subspan(size_t(begin), 15), pages, wanted);
          ASSERT_EQ(h.rows(), wanted);
          if (wanted == 0) continue;
          EXPECT_LT(difference(decoder.logits(h), expected.slice(begin + 15 - wanted, wanted)),
                    2e-4)
              << what;
        }
        for (Index t = 30; t < 40; ++t) {
          const Decoder::Token one{&s, ids[size_t(t)]};
          const Tensor z = decoder.logits(decoder.step(std::span(&one, 1), pages));
          EXPECT_LT(difference(z, expected.slice(t, 1)), 2e-4)
              << what << " " << int(form) << " " << wanted;
        }
      }
  }
}

TEST(Decoder, ATokenHasTheSameBitsAloneInABatchAndWithItsNeighbours) {
  const int before = threads();
  for (const auto& [what, config] : kModels)
    for (const Format format : {Format::kF32, Format::kBF16, Format::kInt8, Format::kInt4}) {
      const Decoder decoder(made(config), {.weights = format, .cache = format});
      const std::vector<std::int32_t> a = made_up_ids(41, config.vocab_size, 1),
                                      b = made_up_ids(12, config.vocab_size, 2);
      set_threads(1);
      const Tensor alone = cached(decoder, a, 30, 30);
      set_threads(3);
      Pages pages = decoder.make_pages(8);
      Sequence first, other;
      decoder.prefill(other, b, pages, 0);
      decoder.prefill(first, std::span(a).first(30), pages, 0);
      std::vector<Decoder::Token> tokens{{&other, b[0]}, {&other, b[1]}};
      for (std::size_t i = 30; i < 41; ++i) tokens.push_back({&first, a[i]});
      const Tensor z = decoder.logits(decoder.step(tokens, pages));
      EXPECT_TRUE(z.view().middle_rows(2, 11).matrix() == alone.view().middle_rows(30, 11).matrix())
          << what << " " << name(format);
    }
  set_threads(before);
}

TEST(Decoder, TheCacheTakesTheBytesOfTheFormulaAndNothingElse) {
  for (const auto& [what, config] : kModels) {
    const Decoder decoder(made(config));
    EXPECT_EQ(decoder.make_pages(1).bytes_per_token(), 4 * cache_elements(config)) << what;
    EXPECT_EQ(decoder.make_pages(3).bytes(), 3 * 32 * 4 * cache_elements(config)) << what;
  }
  const Decoder naive(made(small_config()), {.decoding = Decoding::kNaive});
  EXPECT_EQ(naive.make_pages(1).bytes_per_token(), 4 * 2 * 3 * (6 + 4 + 5));  // layers, heads, k, v
  const Decoder bf16(made(small_config()), {.cache = Format::kBF16});
  EXPECT_EQ(bf16.make_pages(1).bytes_per_token(), 2 * cache_elements(small_config()));
}

TEST(Decoder, CoarserFormatsAreFurtherOffAndNotFar) {
  Config config = small_config();
  config.hidden_size = 64, config.kv_lora_rank = 32, config.moe_intermediate_size = 32,
  config.initializer_range = 0.1;
  const Transformer model = made(config);
  const std::vector<std::int32_t> ids = made_up_ids(30, config.vocab_size);
  const Tensor expected = whole(model, ids);
  const double size = double(expected.view().matrix().cwiseAbs().maxCoeff());
  const auto off = [&](Format weights, Format cache) {
    return difference(cached(Decoder(model, {.weights = weights, .cache = cache}), ids, 5, 5),
                      expected) /
           size;
  };
  const double bf16 = off(Format::kBF16, Format::kF32), int8 = off(Format::kInt8, Format::kF32),
               int4 = off(Format::kInt4, Format::kF32);
  EXPECT_GT(bf16, 1e-5);
  EXPECT_LT(bf16, 0.05);
  EXPECT_LT(int8, 0.05);
  EXPECT_LT(int4, 0.7);
  EXPECT_GT(int4, int8);
  EXPECT_LT(off(Format::kF32, Format::kBF16), 0.02);
  EXPECT_LT(off(Format::kF32, Format::kInt8), 0.03);
}

TEST(Decoder, TheModuleBehindTheModelEqualsThatOfTraining) {
  const Transformer model = made(v3_config());
  const std::vector<std::int32_t> ids = made_up_ids(20, 23);
  Losses losses;
  const Tensor h = model.hidden(ids, 1, 20, {}, losses),
               expected = model.hidden_further(ids, 1, 20, h, {}, losses)[0];
  for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive}) {
    const Decoder decoder(model, {.decoding = form});
    Pages pages = decoder.make_pages(1, /*predict_further=*/true);
    Sequence s;
    const Tensor h_all = decoder.prefill(s, ids, pages, 20);
    const auto further = [&](Index i, Index n, Index wanted) {
      return decoder.predict_further(
          h_all.slice(i, n), s, i, std::span(ids).subspan(size_t(i + 1), size_t(n)), pages, wanted);
    };
    EXPECT_LT(difference(further(0, 9, 9), expected.reshape({19, 16}).slice(0, 9)), 2e-4);
    EXPECT_EQ(further(9, 3, 0).rows(), 0);
    for (Index i = 12; i < 19; ++i) {
      const Tensor one = further(i, 1, 1);
      EXPECT_LT(difference(one, expected.reshape({19, 16}).slice(i, 1)), 2e-4) << i;
    }
  }
}

TEST(Decoder, WhatIsRefusedChangesNothing) {
  const Decoder decoder(made(small_config()));
  Pages pages = decoder.make_pages(1);
  Sequence s;
  decoder.prefill(s, made_up_ids(30, 23), pages, 1);
  EXPECT_ERROR(decoder.prefill(s, made_up_ids(3, 23), pages, 1),
               "the cache is full: 0 of its 1 pages of 32 tokens are free, and 1 are needed; give "
               "it more memory or run "
               "fewer requests");
  const Decoder::Token bad{&s, 23};
  EXPECT_ERROR(decoder.step(std::span(&bad, 1), pages),
               "token id 23 is outside the vocabulary of 23 (ids 0 to 22): tokenizer and model do "
               "not belong together");
  EXPECT_EQ(s.length, 30);
}

TEST(Decoder, OutlivesTheModelItWasMadeOf) {
  auto model = std::make_unique<Transformer>(made(small_config()));
  const Decoder decoder(*model);
  const std::vector<std::int32_t> ids = made_up_ids(5, 23);
  const Tensor expected = whole(*model, ids);
  model->initialise(1);
  model.reset();
  EXPECT_LT(difference(cached(decoder, ids, 5, 5), expected), 2e-4);
}

}  // namespace seekling
