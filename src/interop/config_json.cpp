// config.json of DeepseekV2ForCausalLM and DeepseekV3ForCausalLM. One table of keys serves reading, writing and --set.
// A key that is not in it must be on one of two lists: keys that change nothing here, and keys that may only have the one
// value under which they change nothing. Every other key is refused by name.
#include "interop/config_json.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.h"
#include "interop/file.h"

namespace seekling {

namespace {

using Json = nlohmann::ordered_json;

struct Key {
  std::function<void(Config&, const nlohmann::json&)> read;  // may throw nlohmann's type error
  std::function<Json(const Config&)> write;
};

template <class T>
Key key(T Config::*field) {
  return {[field](Config& c, const nlohmann::json& j) {
            if constexpr (std::is_same_v<T, Index>) {
              if (!j.is_number_integer()) throw Error("an integer");
              c.*field = j.is_number_unsigned() && j.get<std::uint64_t>() > 1'000'000'000 ? -1 : j.get<Index>();
            } else if constexpr (std::is_same_v<T, double>) {
              if (!j.is_number()) throw Error("a number");
              c.*field = j.get<double>();
            } else if constexpr (std::is_same_v<T, bool>) {
              if (!j.is_boolean()) throw Error("true or false");
              c.*field = j.get<bool>();
            } else {
              if (!j.is_string()) throw Error("a string");
              c.*field = j.get<std::string>();
            }
          },
          [field](const Config& c) { return Json(c.*field); }};
}

// The same, with null for `none`.
Key nullable(Index Config::*field, Index none) {
  Key k = key(field);
  return {[=](Config& c, const nlohmann::json& j) { j.is_null() ? void(c.*field = none) : k.read(c, j); },
          [=](const Config& c) { return c.*field == none ? Json() : Json(c.*field); }};
}

const std::vector<std::pair<std::string, Key>>& keys() {
  static const std::vector<std::pair<std::string, Key>> table = {
      {"model_type", key(&Config::model_type)},
      {"vocab_size", key(&Config::vocab_size)},
      {"hidden_size", key(&Config::hidden_size)},
      {"num_hidden_layers", key(&Config::num_hidden_layers)},
      {"num_attention_heads", key(&Config::num_attention_heads)},
      {"num_key_value_heads", key(&Config::num_key_value_heads)},
      {"q_lora_rank", nullable(&Config::q_lora_rank, 0)},
      {"kv_lora_rank", key(&Config::kv_lora_rank)},
      {"qk_nope_head_dim", key(&Config::qk_nope_head_dim)},
      {"qk_rope_head_dim", key(&Config::qk_rope_head_dim)},
      {"v_head_dim", key(&Config::v_head_dim)},
      {"intermediate_size", key(&Config::intermediate_size)},
      {"moe_intermediate_size", key(&Config::moe_intermediate_size)},
      {"n_routed_experts", key(&Config::n_routed_experts)},
      {"n_shared_experts", nullable(&Config::n_shared_experts, 0)},
      {"num_experts_per_tok", key(&Config::num_experts_per_tok)},
      {"first_k_dense_replace", key(&Config::first_k_dense_replace)},
      {"moe_layer_freq", key(&Config::moe_layer_freq)},
      {"topk_method", key(&Config::topk_method)},
      {"scoring_func", key(&Config::scoring_func)},
      {"n_group", nullable(&Config::n_group, 1)},
      {"topk_group", nullable(&Config::topk_group, 1)},
      {"norm_topk_prob", key(&Config::norm_topk_prob)},
      {"routed_scaling_factor", key(&Config::routed_scaling_factor)},
      {"aux_loss_alpha", key(&Config::aux_loss_alpha)},
      {"seq_aux", key(&Config::seq_aux)},
      {"rms_norm_eps", key(&Config::rms_norm_eps)},
      {"max_position_embeddings", key(&Config::max_position_embeddings)},
      {"rope_theta", key(&Config::rope_theta)},
      {"tie_word_embeddings", key(&Config::tie_word_embeddings)},
      {"initializer_range", key(&Config::initializer_range)},
      {"bos_token_id", nullable(&Config::bos_token_id, -1)},
      {"eos_token_id", nullable(&Config::eos_token_id, -1)},
      {"num_nextn_predict_layers", key(&Config::num_nextn_predict_layers)},
  };
  return table;
}

// Ours, for the baselines; written only where attention is not MLA.
const std::vector<std::pair<std::string, Key>>& baseline_keys() {
  static const std::vector<std::pair<std::string, Key>> table = {{"attention", key(&Config::attention)},
                                                                 {"head_dim", key(&Config::head_dim)}};
  return table;
}

const std::set<std::string>& keys_without_effect() {
  // clang-format off
  static const std::set<std::string> names = {
      "architectures", "auto_map",       "torch_dtype",      "dtype",         "use_cache",       "pretraining_tp",
      "ep_size",       "_name_or_path",  "name_or_path",     "pad_token_id",  "return_dict",     "output_attentions",
      "chunk_size_feed_forward",         "id2label",         "label2id",      "problem_type",    "output_hidden_states",
      "transformers_version",            "is_encoder_decoder"};
  // clang-format on
  return names;
}

const std::map<std::string, nlohmann::json>& keys_with_one_value() {
  static const std::map<std::string, nlohmann::json> values = {
      {"hidden_act", "silu"}, {"attention_bias", false}, {"attention_dropout", 0.0}, {"mlp_bias", false},
      {"rope_interleave", true}, {"quantization_config", nullptr}};
  return values;
}

void read_key(const Key& k, Config& c, const std::string& name, const nlohmann::json& value, const std::string& source) {
  try {
    k.read(c, value);
  } catch (const Error& expected) {
    throw Error(text(source, ": ", name, " is ", value.dump(), ", expected ", expected.what()));
  }
}

double number(const nlohmann::json& j, const char* name, double otherwise, const std::string& source) {
  if (!j.contains(name) || j[name].is_null()) return otherwise;
  check(j[name].is_number(), source, ": ", name, " is ", j[name].dump(), ", expected a number");
  return j[name].get<double>();
}

// rope_scaling, or what transformers 5 puts into rope_parameters.
void read_rope(Config& c, const nlohmann::json& j, const std::string& source) {
  check(j.is_object(), source, ": rope_scaling is ", j.dump(), ", expected null or an object");
  c.rope_theta = number(j, "rope_theta", c.rope_theta, source);
  const nlohmann::json type = j.contains("rope_type") ? j["rope_type"] : j.value("type", nlohmann::json("default"));
  if (type == "default") return;
  check(type == "yarn", source, ": the rope type is ", type.dump(), ", expected \"default\" or \"yarn\"");
  static const std::set<std::string> known = {"rope_theta", "rope_type", "type", "factor", "beta_fast", "beta_slow",
                                              "original_max_position_embeddings", "mscale", "mscale_all_dim"};
  for (const auto& [name, value] : j.items())
    check(known.contains(name), source, ": rope_scaling has the key ", name, ", which Seekling does not know");
  RopeScaling y;
  y.factor = number(j, "factor", 1, source);
  y.original_max_position_embeddings = Index(number(j, "original_max_position_embeddings", 4096, source));
  y.beta_fast = number(j, "beta_fast", 32, source);
  y.beta_slow = number(j, "beta_slow", 1, source);
  y.mscale = number(j, "mscale", 0, source);
  y.mscale_all_dim = number(j, "mscale_all_dim", 0, source);
  check(y.factor >= 1 && y.original_max_position_embeddings > 0 && y.beta_fast >= y.beta_slow && y.beta_slow > 0, source,
        ": rope_scaling has values out of range: factor ", y.factor, ", original_max_position_embeddings ",
        y.original_max_position_embeddings, ", beta_fast ", y.beta_fast, ", beta_slow ", y.beta_slow);
  c.rope_scaling = y;
}

const Key* find(const std::string& name) {
  for (const auto* table : {&keys(), &baseline_keys()})
    for (const auto& [known, k] : *table)
      if (known == name) return &k;
  return nullptr;
}

// V3's class and V2's differ in what an absent key means.
void set_defaults(Config& c, const nlohmann::json& j) {
  c = Config{};
  if (j.value("model_type", "") != "deepseek_v3") return;
  c.topk_method = "noaux_tc", c.scoring_func = "sigmoid", c.norm_topk_prob = true, c.aux_loss_alpha = 0;
}

}  // namespace

Config config_from_json(const std::string& contents, const std::string& source) {
  const nlohmann::json j = parse_json(contents, source);
  check(j.is_object(), source, ": is not a JSON object, expected a model's config.json");
  for (const char* name : {"model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"})
    check(j.contains(name), source, ": the key ", name, " is missing");
  Config c;
  set_defaults(c, j);
  for (const auto& [name, value] : j.items()) {
    if (const Key* k = find(name)) {
      read_key(*k, c, name, value, source);
    } else if (const auto one = keys_with_one_value().find(name); one != keys_with_one_value().end()) {
      check(value == one->second || value.is_null(), source, ": ", name, " is ", value.dump(), ", and Seekling knows only ",
            one->second.dump());
    } else if (name != "rope_scaling" && name != "rope_parameters") {
      check(keys_without_effect().contains(name), source, ": has the key ", name,
            ", which Seekling does not know; if it changes nothing, remove it");
    }
  }
  for (const char* name : {"rope_scaling", "rope_parameters"})
    if (j.contains(name) && !j[name].is_null()) read_rope(c, j[name], source);
  if (c.attention == "mla") c.head_dim = Config{}.head_dim;  // transformers writes its rotary width under this name
  check_config(c, source);
  return c;
}

Config read_config(const std::filesystem::path& path) {
  const std::filesystem::path file = std::filesystem::is_directory(path) ? path / "config.json" : path;
  return config_from_json(read_file(file), file.string());
}

void check_config(const Config& c, const std::string& source) {
  const auto at_least = [&](const char* name, Index value, Index least) {
    check(value >= least && value <= 1'000'000'000, source, ": ", name, " is ", value, ", expected at least ", least);
  };
  const auto one_of = [&](const char* name, const std::string& value, std::vector<std::string> known) {
    for (const std::string& k : known)
      if (k == value) return;
    throw Error(text(source, ": ", name, " is \"", value, "\", expected one of ", nlohmann::json(known).dump()));
  };
  one_of("model_type", c.model_type, {"deepseek_v2", "deepseek_v3", "seekling"});
  one_of("attention", c.attention, {"mla", "gqa"});
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
  check(c.rms_norm_eps > 0 && c.rope_theta > 0 && c.initializer_range >= 0 && c.aux_loss_alpha >= 0, source,
        ": rms_norm_eps, rope_theta, initializer_range and aux_loss_alpha must not be negative, the first two not 0");
  if (c.attention == "mla") {
    at_least("kv_lora_rank", c.kv_lora_rank, 1);
    at_least("qk_nope_head_dim", c.qk_nope_head_dim, 1);
    at_least("qk_rope_head_dim", c.qk_rope_head_dim, 2);
    at_least("v_head_dim", c.v_head_dim, 1);
    check(c.qk_rope_head_dim % 2 == 0, source, ": qk_rope_head_dim is ", c.qk_rope_head_dim, ", expected an even number");
  } else {
    at_least("num_key_value_heads", c.num_key_value_heads, 1);
    at_least("head_dim", c.head_dim, 2);
    check(c.num_attention_heads % c.num_key_value_heads == 0 && c.head_dim % 2 == 0, source, ": num_key_value_heads ",
          c.num_key_value_heads, " must divide num_attention_heads ", c.num_attention_heads, ", and head_dim ", c.head_dim,
          " must be even");
    check(c.model_type == "seekling", source, ": attention is \"gqa\" with model_type \"", c.model_type,
          "\", expected \"seekling\": DeepSeek's classes know MLA alone");
  }
  if (c.first_k_dense_replace >= c.num_hidden_layers) return;  // no MoE layer
  at_least("moe_intermediate_size", c.moe_intermediate_size, 1);
  at_least("n_routed_experts", c.n_routed_experts, 1);
  at_least("n_shared_experts", c.n_shared_experts, 0);
  at_least("num_experts_per_tok", c.num_experts_per_tok, 1);
  at_least("n_group", c.n_group, 1);
  at_least("topk_group", c.topk_group, 1);
  check(c.n_routed_experts % c.n_group == 0 && c.topk_group <= c.n_group, source, ": n_group ", c.n_group,
        " must divide n_routed_experts ", c.n_routed_experts, ", and topk_group ", c.topk_group, " be at most n_group");
  const Index reachable = c.topk_method == "greedy" ? c.n_routed_experts : c.n_routed_experts / c.n_group * c.topk_group;
  check(c.num_experts_per_tok <= reachable, source, ": num_experts_per_tok is ", c.num_experts_per_tok, ", but only ",
        reachable, " experts can be chosen from");
}

std::string config_json(const Config& c) {
  Json j;
  const std::string cls = c.model_type == "deepseek_v3" ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM";
  if (c.model_type != "seekling") j["architectures"] = {cls};
  for (const auto& [name, k] : keys()) j[name] = k.write(c);
  if (c.attention == "mla") j["num_key_value_heads"] = c.num_attention_heads;
  if (c.attention != "mla")
    for (const auto& [name, k] : baseline_keys()) j[name] = k.write(c);
  if (c.rope_scaling) {
    const RopeScaling& y = *c.rope_scaling;
    Json yarn = {{"type", "yarn"}, {"factor", y.factor}, {"beta_fast", y.beta_fast}, {"beta_slow", y.beta_slow},
                 {"original_max_position_embeddings", y.original_max_position_embeddings}};
    if (y.mscale != 0) yarn["mscale"] = y.mscale;
    if (y.mscale_all_dim != 0) yarn["mscale_all_dim"] = y.mscale_all_dim;
    j["rope_scaling"] = yarn;
  } else {
    j["rope_scaling"] = nullptr;
  }
  for (const char* name : {"hidden_act", "attention_bias", "attention_dropout"}) j[name] = keys_with_one_value().at(name);
  j["use_cache"] = true;
  j["torch_dtype"] = "float32";
  return j.dump(2) + "\n";
}

std::vector<std::string> config_keys() {
  std::vector<std::string> names;
  for (const auto* table : {&keys(), &baseline_keys()})
    for (const auto& [name, k] : *table) names.push_back(name);
  return names;
}

void set_config_key(Config& config, const std::string& name, const std::string& value) {
  const Key* k = find(name);
  check(k != nullptr, "--set: ", name, " is not a key of config.json that Seekling knows");
  nlohmann::json j = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (j.is_discarded()) j = value;  // a bare word is a string
  read_key(*k, config, name, j, "--set");
}

}  // namespace seekling
