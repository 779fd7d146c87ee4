#include "interop/config_keys.h"

#include "core/check.h"

namespace seekling {

namespace {

template <class T>
Field field(T Config::*member) {
  return {[member](Config& c, const nlohmann::json& j) {
            if constexpr (std::is_same_v<T, Index>) {
              if (!j.is_number_integer()) throw Error("an integer");
              if (j.is_number_unsigned() && j.get<std::uint64_t>() > kLargestSize)
                throw Error(text("at most ", kLargestSize));
              c.*member = j.get<Index>();
            } else if constexpr (std::is_same_v<T, double>) {
              if (!j.is_number()) throw Error("a number");
              c.*member = j.get<double>();
            } else if constexpr (std::is_same_v<T, bool>) {
              if (!j.is_boolean()) throw Error("true or false");
              c.*member = j.get<bool>();
            } else {
              if (!j.is_string()) throw Error("a string");
              c.*member = j.get<std::string>();
            }
          },
          [member](const Config& c) { return OrderedJson(c.*member); }};
}

// The same, with null for `none`.
Field nullable(Index Config::*member, Index none) {
  const Field f = field(member);
  return {
      [=](Config& c, const nlohmann::json& j) {
        j.is_null() ? void(c.*member = none) : f.read(c, j);
      },
      [=](const Config& c) { return c.*member == none ? OrderedJson() : OrderedJson(c.*member); }};
}

// Reads null as `none`, but never writes it: Hugging Face's classes multiply by n_shared_experts
// and divide by n_group.
Field number_or_null(Index Config::*member, Index none) {
  return {nullable(member, none).read, field(member).write};
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"model_type", field(&Config::model_type),
       "class of the model: deepseek_v2, deepseek_v3 or seekling"},
      {"vocab_size", field(&Config::vocab_size), "tokens in the vocabulary"},
      {"hidden_size", field(&Config::hidden_size), "width of the hidden states (d)"},
      {"num_hidden_layers", field(&Config::num_hidden_layers), "layers (l)"},
      {"num_attention_heads", field(&Config::num_attention_heads), "attention heads (n_h)"},
      {"num_key_value_heads", field(&Config::num_key_value_heads),
       "key and value heads if attention is gqa; 1: MQA"},
      {"q_lora_rank", nullable(&Config::q_lora_rank, 0),
       "width of the latent of the queries c^Q (d'_c); 0: queries are not compressed"},
      {"kv_lora_rank", field(&Config::kv_lora_rank), "width of the cached latent c^KV (d_c)"},
      {"qk_nope_head_dim", field(&Config::qk_nope_head_dim),
       "width of a head's query and key without RoPE (d_h)"},
      {"qk_rope_head_dim", field(&Config::qk_rope_head_dim),
       "width of a head's query and key with RoPE (d_h^R)"},
      {"v_head_dim", field(&Config::v_head_dim), "width of a head's value"},
      {"intermediate_size", field(&Config::intermediate_size),
       "inner width of a dense feed-forward layer"},
      {"moe_intermediate_size", field(&Config::moe_intermediate_size), "inner width of one expert"},
      {"n_routed_experts", field(&Config::n_routed_experts),
       "routed experts in an MoE layer (N_r)"},
      {"n_shared_experts", number_or_null(&Config::n_shared_experts, 0),
       "shared experts in an MoE layer (N_s)"},
      {"num_experts_per_tok", field(&Config::num_experts_per_tok),
       "routed experts chosen for each token (K_r)"},
      {"first_k_dense_replace", field(&Config::first_k_dense_replace),
       "dense layers before the first MoE layer"},
      {"moe_layer_freq", field(&Config::moe_layer_freq),
       "only layers whose number is a multiple of this are MoE"},
      {"topk_method", field(&Config::topk_method),
       "how experts are chosen: greedy, group_limited_greedy or noaux_tc"},
      {"scoring_func", field(&Config::scoring_func),
       "function from the router's logits to scores: softmax or sigmoid"},
      {"n_group", number_or_null(&Config::n_group, 1),
       "groups (devices) that the routed experts are divided into"},
      {"topk_group", number_or_null(&Config::topk_group, 1),
       "groups that a token's experts are chosen from (M)"},
      {"norm_topk_prob", field(&Config::norm_topk_prob),
       "divide the gates of a token's experts by their sum: true or false"},
      {"routed_scaling_factor", field(&Config::routed_scaling_factor),
       "factor of the gates of routed experts"},
      {"aux_loss_alpha", field(&Config::aux_loss_alpha),
       "weight of the expert-level balance loss (α1)"},
      {"seq_aux", field(&Config::seq_aux),
       "compute the balance loss per sequence, not per batch: true or false"},
      {"rms_norm_eps", field(&Config::rms_norm_eps), "ε of RMSNorm"},
      {"max_position_embeddings", field(&Config::max_position_embeddings),
       "tokens in the longest context"},
      {"rope_theta", field(&Config::rope_theta), "base of RoPE's frequencies (θ)"},
      {"tie_word_embeddings", field(&Config::tie_word_embeddings),
       "use one table for the embedding and the output head: true or false"},
      {"initializer_range", field(&Config::initializer_range),
       "standard deviation of the initial weights"},
      {"bos_token_id", nullable(&Config::bos_token_id, -1),
       "id of the token that begins a text; train takes it from the tokenizer"},
      {"eos_token_id", nullable(&Config::eos_token_id, -1),
       "id of the token that ends a text; train takes it from the tokenizer"},
      {"num_nextn_predict_layers", field(&Config::num_nextn_predict_layers),
       "modules of multi-token prediction (D)"},
  };
  return table;
}

// Ours, for the baselines; written only where attention is not MLA.
const std::vector<Key>& baseline_keys() {
  static const std::vector<Key> table = {
      {"attention", field(&Config::attention), "kind of attention: mla or, for the baselines, gqa"},
      {"head_dim", field(&Config::head_dim), "width of a head if attention is gqa"},
  };
  return table;
}

// Keys that may only have one value: another would change the result, and is refused.
const std::vector<std::pair<std::string, nlohmann::json>>& keys_with_one_value() {
  static const std::vector<std::pair<std::string, nlohmann::json>> table = {
      {"hidden_act", "silu"},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"mlp_bias", false},
      {"rope_interleave", true},  // false: weights for the half-split layout
      {"pruned_heads", nlohmann::json::object()},
      {"is_encoder_decoder", false},
      {"is_decoder", false},
      {"add_cross_attention", false},
      {"quantization_config",
       {{"activation_scheme", "dynamic"},
        {"fmt", "e4m3"},
        {"quant_method", "fp8"},
        {"weight_block_size", {128, 128}}}},
  };
  return table;
}

// Keys that change nothing here, and why.
const std::vector<std::pair<std::string, std::string>>& keys_without_effect() {
  static const char* const kOutput = "asks Python for more outputs; the numbers stay";
  static const std::vector<std::pair<std::string, std::string>> table = {
      {"auto_map", "where Python finds its classes"},
      {"torch_dtype", "each tensor of a file says its own; Seekling computes in float"},
      {"dtype", "each tensor of a file says its own; Seekling computes in float"},
      {"use_cache", "generation always has a cache, training none"},
      {"pretraining_tp", "cuts products into slices that add up to the same"},
      {"ep_size", "on how many machines the experts are spread"},
      {"transformers_version", "who wrote the file"},
      {"_name_or_path", "where the file came from"},
      {"name_or_path", "where the file came from"},
      {"_commit_hash", "where the file came from"},
      {"pad_token_id", "batches are not padded"},
      {"head_dim",
       "transformers writes the rotary width here; of the baselines it is a key of its own"},
      {"qk_head_dim", "the sum of qk_nope_head_dim and qk_rope_head_dim, written again"},
      {"experts_implementation", "by which code transformers runs the experts"},
      {"_experts_implementation", "by which code transformers runs the experts"},
      {"output_router_logits", "the classes compute no balance loss from them"},
      {"return_dict", kOutput},
      {"output_attentions", kOutput},
      {"output_hidden_states", kOutput},
      {"chunk_size_feed_forward", "cuts the work into pieces of the same result"},
      {"id2label", "of classifiers"},
      {"label2id", "of classifiers"},
      {"problem_type", "of classifiers"},
  };
  return table;
}

}  // namespace seekling
