#include <gtest/gtest.h>

#include "model/transformer.h"

namespace seekling {

namespace {

// A dense layer, a MoE layer, and one module of multi-token prediction, which is a MoE layer.
Transformer three_layers() {
  Config c;
  c.vocab_size = 11, c.hidden_size = 6, c.num_hidden_layers = 2, c.num_attention_heads = 2,
  c.kv_lora_rank = 3, c.qk_nope_head_dim = 2, c.qk_rope_head_dim = 2, c.v_head_dim = 3;
  c.intermediate_size = 7, c.moe_intermediate_size = 4, c.n_routed_experts = 4;
  c.num_experts_per_tok = 2, c.num_nextn_predict_layers = 1, c.initializer_range = 0.5;
  Transformer model(c);
  model.initialise(71);
  return model;
}

using Outputs = std::vector<std::pair<std::string, Tensor>>;

const std::vector<std::int32_t> kFourIds{3, 1, 4, 1};

bool same(const Tensor& a, const Tensor& b) { return a.view().matrix() == b.view().matrix(); }

}  // namespace

TEST(Observer, SeesTheOutputOfEachLayerByItsNameInTheCheckpoint) {
  const Transformer model = three_layers();
  Outputs seen;
  Context context;
  context.observer = [&](const std::string& name, const Tensor& x) { seen.emplace_back(name, x); };
  Losses losses;
  const Tensor h = model.hidden(kFourIds, 1, 4, context, losses);
  const std::vector<Tensor> further = model.hidden_further(kFourIds, 1, 4, h, context, losses);

  std::vector<std::string> names;
  for (const auto& [name, output] : seen) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"model.embed_tokens",
                                             "model.layers.0.self_attn.q",
                                             "model.layers.0.self_attn.k",
                                             "model.layers.0.self_attn",
                                             "model.layers.0.mlp",
                                             "model.layers.0",
                                             "model.layers.1.self_attn.q",
                                             "model.layers.1.self_attn.k",
                                             "model.layers.1.self_attn",
                                             "model.layers.1.mlp.gate",
                                             "model.layers.1.mlp",
                                             "model.layers.1",
                                             "model.norm",
                                             "model.layers.2.self_attn.q",
                                             "model.layers.2.self_attn.k",
                                             "model.layers.2.self_attn",
                                             "model.layers.2.mlp.gate",
                                             "model.layers.2.mlp",
                                             "model.layers.2",
                                             "model.layers.2.shared_head.norm"}));
  EXPECT_TRUE(same(seen[12].second, h));
  EXPECT_TRUE(same(seen.back().second, further[0]));
  EXPECT_EQ(seen[2].second.shape(), (Shape{1, 4, 2, 2 + 2}));  // of 2 heads, content and rotary
  EXPECT_EQ(seen[9].second.shape(), (Shape{4, 4}));            // tokens, experts
}

TEST(Observer, ChangesNoBitAndIsToldNothingUnlessItIsThere) {
  const Transformer model = three_layers();
  Context context;
  Index outputs = 0;
  context.observer = [&](const std::string&, const Tensor&) { ++outputs; };
  Losses losses;
  const Tensor observed = model.hidden(kFourIds, 1, 4, context, losses);
  EXPECT_EQ(outputs, 13);
  EXPECT_TRUE(same(observed, model.hidden(kFourIds, 1, 4, {}, losses)));
  EXPECT_EQ(outputs, 13);
}

}  // namespace seekling
