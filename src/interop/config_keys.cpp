#include "interop/config_keys.h"

#include "core/check.h"

namespace seekling {

namespace {

template <class T, class Group>
Field field(T Group::*of_group) {
  T Config::*const member = of_group;
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

// Reads null as false, as Python does.
Field true_false_or_null(bool Config::*member) {
  const Field f = field(member);
  return {[=](Config& c, const nlohmann::json& j) {
            j.is_null() ? void(c.*member = false) : f.read(c, j);
          },
          f.write};
}

// One id, a list of ids, or null.
Field end_ids() {
  const Field one = nullable(&Config::eos_token_id, -1);
  return {[=](Config& c, const nlohmann::json& j) {
            c.more_eos_token_ids.clear();
            if (!j.is_array()) return one.read(c, j);
            if (j.empty()) throw Error("an integer or a list of integers");
            for (std::size_t i = j.size(); i-- > 0;) {  // the first one last: it stays
              if (!j[i].is_number_integer()) throw Error("an integer or a list of integers");
              one.read(c, j[i]);
              if (i > 0) c.more_eos_token_ids.insert(c.more_eos_token_ids.begin(), c.eos_token_id);
            }
          },
          [=](const Config& c) {
            if (c.more_eos_token_ids.empty()) return one.write(c);
            OrderedJson all = OrderedJson::array({c.eos_token_id});
            for (const Index id : c.more_eos_token_ids) all.push_back(id);
            return all;
          }};
}

// Without these no other key has a meaning.
const ClassDefault kMust{kNoDefault, kNoDefault};

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"model_type", kMust, field(&Config::model_type),
       "class of the model: deepseek_v2, deepseek_v3, deepseek_v32 or seekling"},
      {"vocab_size", kMust, field(&Config::vocab_size), "tokens in the vocabulary"},
      {"hidden_size", kMust, field(&Config::hidden_size), "width of the hidden states (d)"},
      {"num_hidden_layers", kMust, field(&Config::num_hidden_layers), "layers (l)"},
      {"num_attention_heads", kMust, field(&Config::num_attention_heads), "attention heads (n_h)"},
      {"num_key_value_heads",
       {nullptr, nullptr},
       number_or_null(&Config::num_key_value_heads, 0),
       "key and value heads if attention is gqa; 1: MQA"},
      {"q_lora_rank",
       {1536, 1536},
       nullable(&Config::q_lora_rank, 0),
       "width of the latent of the queries c^Q (d'_c); 0: queries are not compressed"},
      {"kv_lora_rank",
       {512, 512},
       field(&Config::kv_lora_rank),
       "width of the cached latent c^KV (d_c)"},
      {"qk_nope_head_dim",
       {128, 128},
       field(&Config::qk_nope_head_dim),
       "width of a head's query and key without RoPE (d_h)"},
      {"qk_rope_head_dim",
       {64, 64},
       field(&Config::qk_rope_head_dim),
       "width of a head's query and key with RoPE (d_h^R)"},
      {"v_head_dim", {128, 128}, field(&Config::v_head_dim), "width of a head's value"},
      {"intermediate_size",
       {11008, 18432},
       field(&Config::intermediate_size),
       "inner width of a dense feed-forward layer"},
      {"moe_intermediate_size",
       {1407, 2048},
       field(&Config::moe_intermediate_size),
       "inner width of one expert"},
      {"n_routed_experts",
       {64, 256},
       field(&Config::n_routed_experts),
       "routed experts in an MoE layer (N_r)"},
      {"n_shared_experts",
       {2, 1},
       number_or_null(&Config::n_shared_experts, 0),
       "shared experts in an MoE layer (N_s)"},
      {"num_experts_per_tok",
       {kNoDefault, 8},
       field(&Config::num_experts_per_tok),
       "routed experts chosen for each token (K_r)"},
      {"first_k_dense_replace",
       {0, 3},
       field(&Config::first_k_dense_replace),
       "dense layers before the first MoE layer"},
      {"moe_layer_freq",
       {1, 1},
       field(&Config::moe_layer_freq),
       "only layers whose number is a multiple of this are MoE"},
      {"topk_method",
       {"greedy", "noaux_tc"},
       field(&Config::topk_method),
       "how experts are chosen: greedy, group_limited_greedy or noaux_tc"},
      {"scoring_func",
       {"softmax", "sigmoid"},
       field(&Config::scoring_func),
       "function from the router's logits to scores: softmax or sigmoid"},
      {"n_group",
       {nullptr, 8},
       number_or_null(&Config::n_group, 1),
       "groups (devices) that the routed experts are divided into"},
      {"topk_group",
       {nullptr, 4},
       number_or_null(&Config::topk_group, 1),
       "groups that a token's experts are chosen from (M)"},
      {"norm_topk_prob",
       {false, true},
       true_false_or_null(&Config::norm_topk_prob),
       "divide the gates of a token's experts by their sum: true or false"},
      {"routed_scaling_factor",
       {1.0, 2.5},
       field(&Config::routed_scaling_factor),
       "factor of the gates of routed experts"},
      {"aux_loss_alpha",
       {0.001, 0.0},
       field(&Config::aux_loss_alpha),
       "weight of the expert-level balance loss (α1)"},
      {"seq_aux",
       {true, true},
       field(&Config::seq_aux),
       "compute the balance loss per sequence, not per batch: true or false"},
      {"rms_norm_eps", {1e-6, 1e-6}, field(&Config::rms_norm_eps), "ε of RMSNorm"},
      {"max_position_embeddings",
       {2048, 4096},
       field(&Config::max_position_embeddings),
       "tokens in the longest context"},
      {"rope_theta",
       {10000.0, 10000.0},
       field(&Config::rope_theta),
       "base of RoPE's frequencies (θ)"},
      {"tie_word_embeddings",
       {false, false},
       field(&Config::tie_word_embeddings),
       "use one table for the embedding and the output head: true or false"},
      {"initializer_range",
       {0.02, 0.02},
       field(&Config::initializer_range),
       "standard deviation of the initial weights"},
      {"bos_token_id",
       {1, 0},
       nullable(&Config::bos_token_id, -1),
       "id of the token that begins a text; train takes it from the tokenizer"},
      {"eos_token_id",
       {2, 1},
       end_ids(),
       "id of the token that ends a text, or a list of them; train takes it from the tokenizer"},
      {"num_nextn_predict_layers",
       {0, 1},
       field(&Config::num_nextn_predict_layers),
       "multi-token prediction modules (D)"},
  };
  return table;
}

const std::vector<Key>& indexer_keys() {
  static const std::vector<Key> table = {
      {"index_n_heads",
       {kNoDefault, 64},
       field(&Config::index_n_heads),
       "heads of the indexer if model_type is deepseek_v32 (H^I)"},
      {"index_head_dim",
       {kNoDefault, 128},
       field(&Config::index_head_dim),
       "width of a head of the indexer (d^I)"},
      {"index_topk",
       {kNoDefault, 2048},
       field(&Config::index_topk),
       "keys that the indexer chooses for each query (k)"},
  };
  return table;
}

// Ours, for the baselines; written only where attention is not MLA.
const std::vector<Key>& baseline_keys() {
  static const std::vector<Key> table = {
      {"attention",
       {},
       field(&Config::attention),
       "kind of attention: mla or, for the baselines, gqa"},
      {"head_dim", {}, field(&Config::head_dim), "width of a head if attention is gqa"},
  };
  return table;
}

}  // namespace seekling
