// The shape of a model. Fields are the keys of Hugging Face's config.json for DeepseekV2ForCausalLM
// and DeepseekV3ForCausalLM. Defaults are DeepSeek-V2-Lite's values where these suit every size.
// Specification: DeepSeek-V2 (arXiv:2405.04434) §3.1.2 and appendix B.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

struct RopeScaling {  // YaRN (arXiv:2309.00071) as DeepSeek uses it
  double factor = 1;
  Index original_max_position_embeddings = 4096;
  double beta_fast = 32, beta_slow = 1;
  double mscale = 0, mscale_all_dim = 0;  // 0: not set
};

// Attention. MLA uses the first five; our baselines use num_key_value_heads key heads of width
// head_dim (num_attention_heads of them: MHA; 1: MQA).
struct AttentionConfig {
  std::string attention = "mla";  // the kind: attention/layer.h
  Index num_attention_heads = 4;
  Index q_lora_rank = 0;  // 0 (null in the file): queries are not compressed
  Index kv_lora_rank = 64;
  Index qk_nope_head_dim = 32, qk_rope_head_dim = 16, v_head_dim = 32;
  Index num_key_value_heads = 4, head_dim = 48;
  double rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling;
};

// The indexer of sparse attention, for model_type deepseek_v32. Defaults: DeepSeek-V3.2's.
struct IndexerConfig {
  Index index_n_heads = 64, index_head_dim = 128;
  Index index_topk = 2048;  // keys that a query attends to
};

// DeepSeekMoE. In a dense model all layers are below first_k_dense_replace.
struct ExpertsConfig {
  Index moe_intermediate_size = 96;  // of one expert
  Index n_routed_experts = 16;
  Index n_shared_experts = 1;
  Index num_experts_per_tok = 4;
  Index first_k_dense_replace = 1;  // layers below this one are dense
  Index moe_layer_freq = 1;
  std::string topk_method = "greedy";    // group_limited_greedy, noaux_tc
  std::string scoring_func = "softmax";  // sigmoid
  Index n_group = 1, topk_group = 1;
  bool norm_topk_prob = false;
  double routed_scaling_factor = 1;
  double aux_loss_alpha = 0.001;  // expert-level balance loss, V2 Eq. 23-25
  bool seq_aux = true;            // f and P per sequence, then the mean; false: over the batch

  bool is_moe(Index layer) const {
    return layer >= first_k_dense_replace && layer % moe_layer_freq == 0;
  }
};

// Tokens: the vocabulary, and the ids that begin and end a text.
struct TokenConfig {
  Index vocab_size = 2048;
  Index bos_token_id = 0, eos_token_id = 1;
  std::vector<Index> more_eos_token_ids = {};  // if the file has a list: all but its first id
};

// The groups are base classes, so a key is written as in the file: config.kv_lora_rank.
struct Config : AttentionConfig, IndexerConfig, ExpertsConfig, TokenConfig {
  std::string model_type = "deepseek_v2";  // or another version: model/versions.h
  Index hidden_size = 128;
  Index num_hidden_layers = 4;
  Index intermediate_size = 512;  // of a dense layer
  double rms_norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  double initializer_range = 0.02;
  Index max_position_embeddings = 4096;
  Index num_nextn_predict_layers = 0;  // modules of multi-token prediction (V3)
};

}  // namespace seekling
