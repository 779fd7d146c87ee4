// The keys of config.json that are not read into Config: other names, keys that may only have one
// value, and keys that change nothing.
#include "core/check.h"
#include "interop/config_keys.h"

namespace seekling {

// The names that transformers 5 has for some keys.
const std::vector<std::pair<std::string, std::string>>& other_names() {
  static const std::vector<std::pair<std::string, std::string>> table = {
      {"num_experts", "n_routed_experts"},
      {"num_local_experts", "n_routed_experts"},
      {"num_mtp_layers", "num_nextn_predict_layers"},
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
  };
  return table;
}

// Keys that change nothing here, and why.
const std::vector<std::pair<std::string, std::string>>& keys_without_effect() {
  static const char* const kOutput = "requests more outputs in Python; the values stay the same";
  static const char* const kGeneration = "generation_config.json has the settings of generation";
  static const char* const kAttention = "which code transformers uses for attention";
  static const std::vector<std::pair<std::string, std::string>> table = {
      {"auto_map", "where Python finds its classes"},
      {"torch_dtype", "each tensor in a file states its own; Seekling computes in float"},
      {"dtype", "each tensor in a file states its own; Seekling computes in float"},
      {"use_cache", "generation always uses a cache, training never does"},
      {"pretraining_tp", "splits products into slices with the same sum"},
      {"ep_size", "number of machines that share the experts"},
      {"transformers_version", "which version wrote the file"},
      {"_name_or_path", "where the file came from"},
      {"name_or_path", "where the file came from"},
      {"_commit_hash", "where the file came from"},
      {"pad_token_id", "batches are not padded"},
      {"head_dim",
       "transformers writes the rotary width here; for the baselines it is a separate key"},
      {"qk_head_dim", "the sum of qk_nope_head_dim and qk_rope_head_dim, stated again"},
      {"experts_implementation", "which code transformers uses for the experts"},
      {"_experts_implementation", "which code transformers uses for the experts"},
      {"output_router_logits", "the classes compute no balance loss from them"},
      {"return_dict", kOutput},
      {"output_attentions", kOutput},
      {"output_hidden_states", kOutput},
      {"chunk_size_feed_forward", "splits the work into pieces; the result is the same"},
      {"id2label", "of classifiers"},
      {"label2id", "of classifiers"},
      {"problem_type", "of classifiers"},
      {"finetuning_task", "of classifiers"},
      {"task_specific_params", "for pipelines in Python"},
      {"prefix", "for pipelines in Python"},
      {"tokenizer_class", "which class reads the tokenizer in Python"},
      {"sep_token_id", "for models with an encoder"},
      {"decoder_start_token_id", "for models with an encoder"},
      {"tie_encoder_decoder", "for models with an encoder"},
      {"cross_attention_hidden_size", "for models with an encoder"},
      {"torchscript", "how Python compiles the model"},
      {"tf_legacy_loss", "of TensorFlow"},
      {"use_bfloat16", "of TensorFlow"},
      {"attn_implementation", kAttention},
      {"_attn_implementation", kAttention},
      {"_attn_implementation_autoset", kAttention},
      {"max_length", kGeneration},
      {"min_length", kGeneration},
      {"do_sample", kGeneration},
      {"early_stopping", kGeneration},
      {"num_beams", kGeneration},
      {"num_beam_groups", kGeneration},
      {"diversity_penalty", kGeneration},
      {"temperature", kGeneration},
      {"top_k", kGeneration},
      {"top_p", kGeneration},
      {"typical_p", kGeneration},
      {"repetition_penalty", kGeneration},
      {"length_penalty", kGeneration},
      {"no_repeat_ngram_size", kGeneration},
      {"encoder_no_repeat_ngram_size", kGeneration},
      {"bad_words_ids", kGeneration},
      {"num_return_sequences", kGeneration},
      {"output_scores", kGeneration},
      {"return_dict_in_generate", kGeneration},
      {"forced_bos_token_id", kGeneration},
      {"forced_eos_token_id", kGeneration},
      {"remove_invalid_values", kGeneration},
      {"exponential_decay_length_penalty", kGeneration},
      {"suppress_tokens", kGeneration},
      {"begin_suppress_tokens", kGeneration},
  };
  return table;
}

void refuse_unknown(const std::vector<std::string>& names, const std::string& where) {
  if (names.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  const bool one = names.size() == 1;
  throw Error(text(where, one ? " has the key " : " has the keys ", list,
                   ", which Seekling does not know; if ",
                   one ? "it changes nothing, remove it" : "they change nothing, remove them"));
}

}  // namespace seekling
