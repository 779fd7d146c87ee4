// Models small enough to compute in no time, of every kind that inference must know.
#pragma once

#include "model/transformer.h"

namespace seekling {

inline Config small_config() {
  Config c;
  c.vocab_size = 23, c.hidden_size = 16, c.num_hidden_layers = 2, c.n_routed_experts = 4,
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 8, c.intermediate_size = 24, c.max_position_embeddings = 64,
  c.initializer_range = 0.3;
  c.num_attention_heads = 3, c.kv_lora_rank = 10, c.qk_nope_head_dim = 6, c.qk_rope_head_dim = 4,
  c.v_head_dim = 5;
  return c;
}

inline Config with_yarn(Config c) {
  c.rope_scaling = RopeScaling{
      .factor = 8, .original_max_position_embeddings = 8, .mscale = 0.7, .mscale_all_dim = 1};
  return c;
}

inline Config v3_config() {  // compressed queries, sigmoid routing in groups with a bias, MTP
  Config c = with_yarn(small_config());
  c.model_type = "deepseek_v3", c.q_lora_rank = 12, c.topk_method = "noaux_tc",
  c.scoring_func = "sigmoid";
  c.n_group = 2, c.topk_group = 1, c.norm_topk_prob = true, c.routed_scaling_factor = 1.5;
  c.num_nextn_predict_layers = 1;
  return c;
}

inline Config v32_config() {  // an indexer, which chooses among more keys than it may
  Config c = v3_config();
  c.model_type = "deepseek_v32";
  c.index_n_heads = 2, c.index_head_dim = 6, c.index_topk = 5;
  return c;
}

inline Config baseline_config(Index key_heads) {
  Config c = small_config();
  c.model_type = "seekling", c.attention = "gqa", c.num_attention_heads = 4,
  c.num_key_value_heads = key_heads, c.head_dim = 6;
  return c;
}

inline Transformer made(const Config& config, std::uint64_t seed = 50) {
  Transformer model(config);
  model.initialise(seed);
  Rng rng(seed + 1);  // a bias of zeros would choose as none does
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    if (is_correction_bias(name))
      for (Index i = 0; i < p.size(); ++i) p.data()[i] = real(0.2 * rng.normal());
  });
  return model;
}

inline std::vector<std::int32_t> made_up_ids(Index n, Index vocab_size, std::uint64_t seed = 7) {
  Rng rng(seed);
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < n; ++i) ids.push_back(std::int32_t(rng.below(vocab_size)));
  return ids;
}

}  // namespace seekling
