#include "model/mtp.h"

#include <numeric>

#include "core/check.h"
#include "gradcheck.h"
#include "model/transformer.h"
#include "ops/add.h"
#include "ops/cross_entropy.h"

namespace seekling {

namespace {

Config small(Index depths) {
  Config c;
  c.vocab_size = 11, c.hidden_size = 6, c.num_hidden_layers = 1, c.num_attention_heads = 2,
  c.kv_lora_rank = 3;
  c.qk_nope_head_dim = 2, c.qk_rope_head_dim = 2, c.v_head_dim = 3, c.intermediate_size = 7,
  c.moe_intermediate_size = 4;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.aux_loss_alpha = 0,
  c.initializer_range = 0.5;
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid",
  c.norm_topk_prob = true, c.num_nextn_predict_layers = depths;
  return c;
}

Transformer made(const Config& config) {
  Transformer model(config);
  model.initialise(70);
  return model;
}

const std::vector<std::int32_t> kIds{3, 1, 4, 1, 5, 9, 2, 6, 5, 3};  // two sequences of five

double largest_difference(const Tensor& a, const Tensor& b) {
  return double((a.view().matrix() - b.view().matrix()).cwiseAbs().maxCoeff());
}

std::vector<Tensor> further(const Transformer& model, const std::vector<std::int32_t>& ids, Index B,
                            Index T, const std::vector<std::int32_t>& document_start = {}) {
  Context context;
  context.mask.document_start = document_start;
  Losses losses;
  const Tensor h = model.hidden(ids, B, T, context, losses);
  return model.hidden_further(ids, B, T, h, context, losses);
}

}  // namespace

TEST(Mtp, PositionIOfDepthKSeesTheTokensUpToIPlusKAndNoneBehind) {
  const Transformer model = made(small(2));
  const std::vector<std::int32_t> ids{3, 1, 4, 1, 5, 9};
  const std::vector<Tensor> before = further(model, ids, 1, 6);
  ASSERT_EQ(before.size(), 2u);
  for (Index j = 0; j < 6; ++j) {
    std::vector<std::int32_t> changed = ids;
    changed[size_t(j)] = 7;
    const std::vector<Tensor> after = further(model, changed, 1, 6);
    for (Index k = 1; k <= 2; ++k)
      for (Index i = 0; i < 6 - k; ++i) {
        const Tensor a = before[size_t(k - 1)].reshape({6 - k, 6}),
                     b = after[size_t(k - 1)].reshape({6 - k, 6});
        const double moved = largest_difference(a.slice(i, 1), b.slice(i, 1));
        EXPECT_TRUE(i + k >= j || moved < 1e-6)
            << "depth " << k << " position " << i << " id " << j;
        EXPECT_TRUE(i + k != j || moved > 1e-4)
            << "depth " << k << " position " << i << " id " << j;
      }
  }
}

TEST(Mtp, TheMaskOfADepthEndsAsManyPlacesEarlier) {
  const std::int32_t document_start[] = {0, 0, 0, 3, 3, 3};
  EXPECT_EQ(mtp_documents(document_start, 1, 6, 1), (std::vector<std::int32_t>{0, 0, 0, 3, 3}));
}

TEST(Mtp, ABatchWithoutTargetsForADepthIsRefused) {
  const Transformer model = made(small(2));
  const Batch batch = make_batch({.B = 2, .T = 5, .ids = kIds, .targets = kIds}, /*depths=*/1);
  Context context;
  context.predict_further = true;
  Losses others;
  EXPECT_ERROR(model.loss(batch, context, others),
               "multi-token prediction has 2 depths, but the batch has targets of 1");
}

TEST(Mtp, WhatCountsOfADocumentIsAsIfItStoodAlone) {
  const Transformer model = made(small(2));  // RoPE depends only on distances, not on the start
  const std::vector<std::int32_t> both{3, 1, 4, 5, 9, 2, 6}, second{5, 9, 2, 6},
      document_start{0, 0, 0, 3, 3, 3, 3};
  const std::vector<Tensor> packed = further(model, both, 1, 7, document_start),
                            alone = further(model, second, 1, 4);
  for (Index k = 1; k <= 2; ++k) {
    const Tensor tail = packed[size_t(k - 1)].reshape({7 - k, 6}).slice(3, 4 - k);
    EXPECT_LT(largest_difference(tail, alone[size_t(k - 1)].reshape({4 - k, 6})), 1e-5) << k;
  }
}

TEST(Mtp, TheEmbeddingStandsFirstInEhProj) {
  const Transformer model = made(small(1));
  Losses losses;
  const Tensor h = model.hidden(kIds, 2, 5, {}, losses),
               found = model.hidden_further(kIds, 2, 5, h, {}, losses)[0];
  const Mtp& module = model.mtp[0];
  const auto normed = [](RowMap x) {
    return Row(x / std::sqrt(x.squaredNorm() / real(x.size()) + real(1e-6)));
  };
  Tensor joined({2, 4, 6});
  for (Index b = 0; b < 2; ++b)
    for (Index i = 0; i < 4; ++i) {
      Row both(12);
      both << normed(model.embed_tokens.view().row(kIds[size_t(b * 5 + i + 1)])),
          normed(h.view().row(b * 5 + i));
      joined.view().row(b * 4 + i) = both * module.eh_proj.weight.view().matrix().transpose();
    }
  const Tensor expected = module.head_norm(module.block->forward(joined, {}, losses));
  EXPECT_LT(largest_difference(found, expected), 1e-5);
}

TEST(Mtp, LeavesTheModelItselfAsItIs) {
  const Transformer without = made(small(0)), with = made(small(2));
  Losses a, b, quiet;
  EXPECT_EQ(largest_difference(without.hidden(kIds, 2, 5, {}, a), with.hidden(kIds, 2, 5, {}, b)),
            0);
  with.loss(make_batch({.B = 2, .T = 5, .ids = kIds, .targets = kIds}), {}, quiet);
  EXPECT_TRUE(quiet.mtp.empty());
  EXPECT_EQ(quiet.routings.size(), 0u);  // one dense layer
}

TEST(Mtp, ASequenceTooShortForADepthLeavesItOut) {
  const Transformer model = made(small(3));
  EXPECT_EQ(further(model, {3, 1, 4}, 1, 3).size(), 2u);
  EXPECT_EQ(further(model, {3}, 1, 1).size(), 0u);
}

TEST(Mtp, GradientMatchesFiniteDifferencesThroughEveryDepth) {
  if (sizeof(real) == 4)
    GTEST_SKIP() << "through three layers float's wide steps change the routers' choices";
  const Transformer model = made(small(2));
  std::vector<Tensor> inputs{model.embed_tokens, model.lm_head, model.norm.weight};
  for (const Mtp& module : model.mtp)
    module.parameters("", [&](const std::string& name, const Tensor& p) {
      const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
      if (has("hnorm") || has("enorm") || has("eh_proj") || has("head.norm") || has("kv_b_proj") ||
          has("o_proj") || has("gate.weight") || has("experts.0."))
        inputs.push_back(p);
    });
  const Batch batch = make_batch(
      {.B = 2, .T = 5, .ids = kIds, .targets = {1, 4, 1, 5, 7, 2, 6, 5, 3, kIgnored}}, 2);
  const auto f = [&] {
    Context context;
    context.predict_further = true;
    Losses others;
    const Tensor main = model.loss(batch, context, others);
    return add(main, add(others.mtp[0], others.mtp[1]));
  };
  EXPECT_LT(max_gradient_error(f, inputs), gradient_tolerance());
}

TEST(Mtp, ParametersCarryTheReleasedNames) {
  std::vector<std::string> names;
  made(small(1)).for_each_parameter([&](const std::string& name, const Tensor&) {
    if (name.starts_with("model.layers.1.") && name.find("experts") == std::string::npos)
      names.push_back(name.substr(15));
  });
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "enorm.weight", "hnorm.weight", "eh_proj.weight", "input_layernorm.weight",
                "self_attn.q_proj.weight", "self_attn.kv_a_proj_with_mqa.weight",
                "self_attn.kv_a_layernorm.weight", "self_attn.kv_b_proj.weight",
                "self_attn.o_proj.weight", "post_attention_layernorm.weight", "mlp.gate.weight",
                "mlp.gate.e_score_correction_bias", "shared_head.norm.weight"}));
}

}  // namespace seekling
