#include "model/size.h"

#include <gtest/gtest.h>

#include "model/transformer.h"

namespace seekling {

namespace {

Config v2_lite() {
  Config c;
  c.vocab_size = 102400, c.hidden_size = 2048, c.num_hidden_layers = 27, c.num_attention_heads = 16,
  c.kv_lora_rank = 512;
  c.qk_nope_head_dim = 128, c.qk_rope_head_dim = 64, c.v_head_dim = 128,
  c.intermediate_size = 10944;
  c.moe_intermediate_size = 1408, c.n_routed_experts = 64, c.n_shared_experts = 2,
  c.num_experts_per_tok = 6;
  return c;
}

Config v2() {
  Config c = v2_lite();
  c.hidden_size = 5120, c.num_hidden_layers = 60, c.num_attention_heads = 128, c.q_lora_rank = 1536;
  c.intermediate_size = 12288, c.moe_intermediate_size = 1536, c.n_routed_experts = 160;
  return c;
}

Config v3() {
  Config c = v2();
  c.vocab_size = 129280, c.hidden_size = 7168, c.num_hidden_layers = 61,
  c.first_k_dense_replace = 3;
  c.intermediate_size = 18432, c.moe_intermediate_size = 2048, c.n_routed_experts = 256,
  c.n_shared_experts = 1;
  c.num_experts_per_tok = 8, c.model_type = "deepseek_v3", c.topk_method = "noaux_tc",
  c.num_nextn_predict_layers = 1;
  return c;
}

Config v32() {
  Config c = v3();
  c.model_type = "deepseek_v32";
  return c;
}

}  // namespace

// An indexer has 13,959,424 parameters: wq_b 12,582,912, wk 917,504, weights_proj 458,752 and
// k_norm 256.
TEST(Size, CountsAnIndexerInEachLayerOfV32) {
  EXPECT_EQ(size_of(v32()).total - size_of(v3()).total, 61 * 13'959'424);
  EXPECT_EQ(size_of(v32()).activated - size_of(v3()).activated, 61 * 13'959'424);
  EXPECT_EQ(mtp_size_of(v32()).total - mtp_size_of(v3()).total, 13'959'424);
  EXPECT_EQ(cache_elements(v32()), 42'944);  // 512 + 64 + 128 in each layer
}

// Multiply-adds of attention for one token at position L, absorbed: 8,256 L + 139,264 min(L, 2048).
TEST(Size, AttentionOfV32GrowsByTheIndexerAlone) {
  const auto growth = [](const Config& c) {
    return (forward_flops(c, 1 << 17) - forward_flops(c, 1 << 16)) / (61.0 * (1 << 16) * 2);
  };
  EXPECT_EQ(growth(v32()), 64 * 128 + 64);
  EXPECT_EQ(growth(v3()), 128 * (128 + 64 + 128));
}

TEST(Size, GivesTheReleasedModelsParameters) {
  EXPECT_EQ(size_of(v2_lite()).total, 15'706'484'224);
  EXPECT_EQ(size_of(v2_lite()).activated, 2'661'150'208);
  EXPECT_EQ(size_of(v2()).total, 235'741'434'880);
  EXPECT_EQ(size_of(v2()).activated, 21'375'800'320);
  EXPECT_EQ(size_of(v3()).total, 671'026'419'200);
  EXPECT_EQ(size_of(v3()).activated, 37'552'297'472);
}

TEST(Size, GivesTheReleasedModelsCaches) {
  EXPECT_EQ(cache_elements(v2()), 34'560);
  EXPECT_EQ(cache_elements_of_heads(v2(), 128), 1'966'080);
  EXPECT_EQ(cache_elements_of_heads(v2(), 8), 122'880);
  EXPECT_EQ(cache_elements_of_heads(v2(), 1), 15'360);
}

TEST(Size, GivesV3sModuleOfMultiTokenPrediction) {
  EXPECT_EQ(mtp_size_of(v3()).total, 11'610'068'224);
  EXPECT_EQ(mtp_size_of(v3()).activated, 2'541'458'688);  // 2.54 billion, both tables counted
  EXPECT_EQ(mtp_size_of(v2()).total, 0);
  EXPECT_EQ(mtp_size_of(v2()).activated, 0);
}

TEST(Size, GivesTheReleasedModelsWorkAtAMeanContextOf4096) {  // GFLOP: parameters, attention
  const auto expect = [](const Config& c, double parameters, double attention) {
    EXPECT_NEAR(forward_flops(c, 0) / 1e9, parameters, 0.05);
    EXPECT_NEAR((forward_flops(c, 4097 / 2.0) - forward_flops(c, 0)) / 1e9, attention, 0.05);
  };
  expect(v2_lite(), 4.90, 0.57);
  expect(v2(), 41.7, 10.1);
  expect(v3(), 73.3, 10.2);
}

// V2-Lite: 27 layers; the last one's attention and experts, and the head,
// meet the last token alone.
TEST(Size, CountsOfAPromptWhatLeadsToItsLastToken) {
  const Config c = v2_lite();
  EXPECT_EQ(prompt_flops(c, 1), forward_flops(c, 1));
  Config earlier = c;
  --earlier.num_hidden_layers;
  const double head = 2 * double(c.vocab_size * c.hidden_size),
               latent = 2 * double(c.hidden_size) * (512 + 64);
  const double more = prompt_flops(c, 2) - prompt_flops(c, 1);  // one token more, seen by the last
  EXPECT_NEAR(more / (forward_flops(earlier, 1) - head + latent +
                      (forward_flops(c, 2) - forward_flops(c, 1))),
              1, 1e-9);
}

TEST(Size, CountsWhatTheTransformerHas) {
  Config c;
  c.q_lora_rank = 24;
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.num_nextn_predict_layers = 2;
  Index parameters = 0;
  Transformer(c).for_each_parameter(
      [&](const std::string&, const Tensor& p) { parameters += p.size(); });
  EXPECT_EQ(size_of(c).total + mtp_size_of(c).total, parameters);
}

// With grouped heads: 2 H · 2 head_dim operations a key, and 2 key_heads · head_dim cached values.
TEST(Size, CountsTheAttentionOfTheBaselinesToo) {
  Config c;
  c.model_type = "seekling", c.attention = "gqa", c.num_attention_heads = 6,
  c.num_key_value_heads = 2, c.head_dim = 10;
  EXPECT_EQ(forward_flops(c, 7) - forward_flops(c, 0),
            double(c.num_hidden_layers * 4 * 6 * 10 * 7));
  EXPECT_EQ(cache_elements(c), c.num_hidden_layers * 2 * 2 * 10);
  EXPECT_EQ(cache_elements_of_heads(c, 6), c.num_hidden_layers * 2 * 6 * 10);
}

TEST(Size, TakesNoMemoryForParameters) {
  const std::size_t in_use = pool::bytes_in_use(), allocations = pool::allocations();
  EXPECT_GT(size_of(v3()).total, 0);
  EXPECT_GT(forward_flops(v3(), 1), 0);
  EXPECT_EQ(pool::bytes_in_use(), in_use);
  EXPECT_EQ(pool::allocations(), allocations);
}

}  // namespace seekling
