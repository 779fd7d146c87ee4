// The shapes that a config may describe: ranges, divisibility, and the routers of each class.
#include <nlohmann/json.hpp>

#include "attention/layer.h"
#include "core/check.h"
#include "interop/config_json.h"
#include "interop/config_keys.h"

namespace seekling {

// Bounds far above any released model, under which a model is made and its parameters are counted
// in less than a second.
constexpr Index kMostLayers = 1'000;
constexpr Index kMostExperts = 100'000;    // of all layers together
constexpr Index kMostRotaryWidth = 4'096;  // a layer has an angle for each two dimensions

// The routers that Hugging Face's class of this model_type has. With another it would load
// the weights and compute something else, so such a model gets the model_type seekling.
static void check_class(const Config& c, const std::string& source) {
  if (c.model_type == "seekling") return;
  const bool v3 = c.model_type == "deepseek_v3" || c.model_type == "deepseek_v32";
  check(v3 == (c.topk_method == "noaux_tc"), source, ": topk_method is \"", c.topk_method,
        "\" with model_type \"", c.model_type, "\", whose class has ",
        v3 ? "noaux_tc" : "greedy or group_limited_greedy", "; set model_type to ",
        v3 ? "deepseek_v2" : "deepseek_v3", " or seekling");
  check(v3 == (c.scoring_func == "sigmoid"), source, ": scoring_func is \"", c.scoring_func,
        "\" with model_type \"", c.model_type, "\", whose class has ", v3 ? "sigmoid" : "softmax",
        "; set model_type to seekling");
  check(
      v3 || !c.norm_topk_prob, source,
      ": norm_topk_prob is true with model_type \"deepseek_v2\": Hugging Face's class ",
      "ignores it and DeepSeek's does not scale then; set it to false, or model_type to seekling");
}

// Sizes that multiply to what no machine holds come from a damaged file, and would
// overflow further on.
static void check_size(const Config& c, const std::string& source) {
  const double D = double(c.hidden_size),
               L = double(c.num_hidden_layers + c.num_nextn_predict_layers);
  const double heads = double(c.num_attention_heads) *
                       double(c.qk_nope_head_dim + c.qk_rope_head_dim + c.v_head_dim + c.head_dim);
  const double attention = heads * (D + double(c.q_lora_rank + c.kv_lora_rank));
  const double experts =
      D * double(c.moe_intermediate_size) * double(c.n_routed_experts + c.n_shared_experts);
  const double about = 2 * double(c.vocab_size) * D +
                       3 * L * (attention + experts + D * double(c.intermediate_size));
  check(about < 1e16, source, ": describes a model of about ", about,
        " parameters; the file is damaged");
}

static void check_indexer(const Config& c, const std::string& source) {
  for (const auto& [name, value] : {std::pair{"index_n_heads", c.index_n_heads},
                                    {"index_topk", c.index_topk},
                                    {"index_head_dim", c.index_head_dim}})
    check(value >= 1, source, ": ", name, " is ", value, ", expected at least 1");
  check(c.index_head_dim >= c.qk_rope_head_dim, source, ": index_head_dim is ", c.index_head_dim,
        ", expected at least qk_rope_head_dim ", c.qk_rope_head_dim,
        ": the indexer turns so many of its dimensions");
  check(c.q_lora_rank > 0, source,
        ": q_lora_rank is null with model_type \"deepseek_v32\", "
        "expected a width: the indexer reads the latent of the queries");
}

static Index moe_layers_of(const Config& c) {
  Index n = 0;
  for (Index i = 0; i < c.num_hidden_layers + c.num_nextn_predict_layers; ++i) n += c.is_moe(i);
  return n;
}

void check_config(const Config& c, const std::string& source) {
  const auto between = [&](const char* name, Index value, Index least, Index most) {
    check(value >= least, source, ": ", name, " is ", value, ", expected at least ", least);
    check(value <= most, source, ": ", name, " is ", value, ", expected at most ", most);
  };
  const auto at_least = [&](const char* name, Index value, Index least) {
    between(name, value, least, Index(kLargestSize));
  };
  const auto one_of = [&](const char* name, const std::string& value,
                          std::vector<std::string> known) {
    for (const std::string& k : known)
      if (k == value) return;
    throw Error(text(source, ": ", name, " is \"", value, "\", expected one of ",
                     nlohmann::json(known).dump()));
  };
  one_of("model_type", c.model_type, {"deepseek_v2", "deepseek_v3", "deepseek_v32", "seekling"});
  one_of("attention", c.attention, attention_kinds());
  one_of("topk_method", c.topk_method, {"greedy", "group_limited_greedy", "noaux_tc"});
  one_of("scoring_func", c.scoring_func, {"softmax", "sigmoid"});
  at_least("vocab_size", c.vocab_size, 1);
  at_least("hidden_size", c.hidden_size, 1);
  at_least("num_hidden_layers", c.num_hidden_layers, 1);
  at_least("num_attention_heads", c.num_attention_heads, 1);
  at_least("max_position_embeddings", c.max_position_embeddings, 1);
  at_least("intermediate_size", c.intermediate_size, 1);
  at_least("first_k_dense_replace", c.first_k_dense_replace, 0);
  at_least("moe_layer_freq", c.moe_layer_freq, 1);
  at_least("q_lora_rank", c.q_lora_rank, 0);
  check(c.rms_norm_eps > 0 && c.rope_theta > 0 && c.initializer_range >= 0 && c.aux_loss_alpha >= 0,
        source,
        ": rms_norm_eps, rope_theta, initializer_range and aux_loss_alpha must not be negative, "
        "the first two not 0");
  if (c.attention == "mla") {
    at_least("kv_lora_rank", c.kv_lora_rank, 1);
    at_least("qk_nope_head_dim", c.qk_nope_head_dim, 1);
    between("qk_rope_head_dim", c.qk_rope_head_dim, 2, kMostRotaryWidth);
    at_least("v_head_dim", c.v_head_dim, 1);
    check(c.qk_rope_head_dim % 2 == 0, source, ": qk_rope_head_dim is ", c.qk_rope_head_dim,
          ", expected an even number");
  } else {
    at_least("num_key_value_heads", c.num_key_value_heads, 1);
    between("head_dim", c.head_dim, 2, kMostRotaryWidth);
    check(c.num_attention_heads % c.num_key_value_heads == 0 && c.head_dim % 2 == 0, source,
          ": num_key_value_heads ", c.num_key_value_heads, " must divide num_attention_heads ",
          c.num_attention_heads, ", and head_dim ", c.head_dim, " must be even");
    check(c.model_type == "seekling", source, ": attention is \"gqa\" with model_type \"",
          c.model_type, "\", expected \"seekling\": DeepSeek's classes have only MLA");
  }
  if (c.model_type == "deepseek_v32") check_indexer(c, source);
  at_least("num_nextn_predict_layers", c.num_nextn_predict_layers, 0);
  check(c.num_hidden_layers <= kMostLayers && c.num_nextn_predict_layers <= kMostLayers, source,
        ": has ", c.num_hidden_layers, " layers and ", c.num_nextn_predict_layers,
        " for multi-token prediction, expected at most ", kMostLayers);
  check_size(c, source);
  const Index moe_layers = moe_layers_of(c);
  if (moe_layers == 0) return;
  check_class(c, source);
  at_least("moe_intermediate_size", c.moe_intermediate_size, 1);
  at_least("n_routed_experts", c.n_routed_experts, 1);
  check(c.n_routed_experts <= kMostExperts / moe_layers, source, ": has ", moe_layers,
        " layers of ", c.n_routed_experts, " experts, expected at most ", kMostExperts,
        " experts in all layers together");
  at_least("n_shared_experts", c.n_shared_experts, 0);
  at_least("num_experts_per_tok", c.num_experts_per_tok, 1);
  at_least("n_group", c.n_group, 1);
  at_least("topk_group", c.topk_group, 1);
  check(c.n_routed_experts % c.n_group == 0 && c.topk_group <= c.n_group, source, ": n_group ",
        c.n_group, " must divide n_routed_experts ", c.n_routed_experts, ", and topk_group ",
        c.topk_group, " be at most n_group");
  const Index reachable = c.topk_method == "greedy" ? c.n_routed_experts
                                                    : c.n_routed_experts / c.n_group * c.topk_group;
  check(c.num_experts_per_tok <= reachable, source, ": num_experts_per_tok is ",
        c.num_experts_per_tok, ", but only ", reachable, " experts can be chosen from");
}

}  // namespace seekling
