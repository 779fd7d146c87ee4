// config.json of DeepseekV2ForCausalLM and DeepseekV3ForCausalLM; config_keys.h has its keys.
#include "interop/config_json.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.h"
#include "interop/config_keys.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr Index kMostLayers = 10'000;

template <class Table>
auto find_in(const Table& table, const std::string& name) {
  return std::find_if(table.begin(), table.end(),
                      [&](const auto& row) { return row.first == name; });
}

void read_key(const Key& key, Config& c, const nlohmann::json& value, const std::string& source) {
  try {
    key.field.read(c, value);
  } catch (const Error& expected) {
    throw Error(text(source, ": ", key.name, " is ", value.dump(), ", expected ", expected.what()));
  }
}

OrderedJson rope_scaling_json(const Config& c) {
  if (!c.rope_scaling) return nullptr;
  const RopeScaling& y = *c.rope_scaling;
  OrderedJson yarn = {{"type", "yarn"},
                      {"factor", y.factor},
                      {"beta_fast", y.beta_fast},
                      {"beta_slow", y.beta_slow},
                      {"original_max_position_embeddings", y.original_max_position_embeddings}};
  if (y.mscale != 0) yarn["mscale"] = y.mscale;
  if (y.mscale_all_dim != 0) yarn["mscale_all_dim"] = y.mscale_all_dim;
  return yarn;
}

std::string rope_text(const Config& c) {
  return text(c.rope_theta, " ", rope_scaling_json(c).dump());
}

double number(const nlohmann::json& j, const char* name, double otherwise,
              const std::string& source) {
  if (!j.contains(name) || j[name].is_null()) return otherwise;
  check(j[name].is_number(), source, ": ", name, " is ", j[name].dump(), ", expected a number");
  return j[name].get<double>();
}

RopeScaling read_yarn(const nlohmann::json& j, const std::string& source) {
  static const std::set<std::string> known = {"rope_theta",
                                              "rope_type",
                                              "type",
                                              "factor",
                                              "beta_fast",
                                              "beta_slow",
                                              "original_max_position_embeddings",
                                              "mscale",
                                              "mscale_all_dim"};
  for (const auto& [name, value] : j.items())
    check(known.contains(name), source, ": rope_scaling has the key ", name,
          ", which Seekling does not know");
  for (const char* name : {"factor", "original_max_position_embeddings"})
    check(j.contains(name), source, ": rope_scaling is YaRN, but has no ", name);
  const nlohmann::json& original = j["original_max_position_embeddings"];
  check(original.is_number_unsigned() && original.get<std::uint64_t>() > 0 &&
            original.get<std::uint64_t>() <= kLargestSize,
        source, ": original_max_position_embeddings is ", original.dump(),
        ", expected a number of tokens");
  RopeScaling y;
  y.original_max_position_embeddings = original.get<Index>();
  y.factor = number(j, "factor", 1, source);
  y.beta_fast = number(j, "beta_fast", 32, source);
  y.beta_slow = number(j, "beta_slow", 1, source);
  y.mscale = number(j, "mscale", 0, source);
  y.mscale_all_dim = number(j, "mscale_all_dim", 0, source);
  check(y.factor >= 1 && y.factor <= 1e9 && y.beta_fast >= y.beta_slow && y.beta_slow > 0, source,
        ": rope_scaling has values out of range: factor ", y.factor, ", beta_fast ", y.beta_fast,
        ", beta_slow ", y.beta_slow);
  check(std::abs(y.mscale) <= 1e6 && std::abs(y.mscale_all_dim) <= 1e6, source,
        ": rope_scaling has values out of range: mscale ", y.mscale, ", mscale_all_dim ",
        y.mscale_all_dim);
  return y;
}

// rope_scaling, or what transformers 5 puts into rope_parameters.
void read_rope(Config& c, const nlohmann::json& j, const std::string& key,
               const std::string& source) {
  check(j.is_object(), source, ": ", key, " is ", j.dump(), ", expected null or an object");
  c.rope_theta = number(j, "rope_theta", c.rope_theta, source);
  const nlohmann::json type =
      j.contains("rope_type") ? j["rope_type"] : j.value("type", nlohmann::json("default"));
  check(type == "default" || type == "yarn", source, ": the rope type is ", type.dump(),
        ", expected \"default\" or \"yarn\"");
  if (type == "yarn") {
    c.rope_scaling = read_yarn(j, source);
    return;
  }
  for (const auto& [name, value] : j.items())
    check(name == "rope_theta" || name == "rope_type" || name == "type" || value.is_null(), source,
          ": ", key, " has the key ", name, ", which has no meaning for the rope type \"default\"");
}

void read_ropes(Config& c, const nlohmann::json& j, const std::string& source) {
  const auto given = [&](const char* name) { return j.contains(name) && !j[name].is_null(); };
  Config other = c;
  if (given("rope_scaling")) read_rope(c, j["rope_scaling"], "rope_scaling", source);
  if (given("rope_parameters")) read_rope(other, j["rope_parameters"], "rope_parameters", source);
  check(!given("rope_parameters") || !given("rope_scaling") || rope_text(c) == rope_text(other),
        source, ": rope_scaling and rope_parameters contradict each other; remove one of them");
  check(!given("rope_parameters") || !j.contains("rope_theta") || other.rope_theta == c.rope_theta,
        source, ": rope_theta is ", c.rope_theta, ", but ", other.rope_theta,
        " in rope_parameters; remove one of them");
  if (given("rope_parameters"))
    c.rope_theta = other.rope_theta, c.rope_scaling = other.rope_scaling;
}

const Key* find(const std::string& name) {
  for (const auto* table : {&keys(), &baseline_keys()})
    for (const Key& key : *table)
      if (key.name == name) return &key;
  return nullptr;
}

// V3's class and V2's differ in what an absent key means.
void set_defaults(Config& c, const nlohmann::json& j) {
  c = Config{};
  if (j.value("model_type", nlohmann::json()) != "deepseek_v3") return;
  c.topk_method = "noaux_tc", c.scoring_func = "sigmoid", c.norm_topk_prob = true,
  c.aux_loss_alpha = 0;
}

std::string class_of(const std::string& model_type) {
  return model_type == "deepseek_v3" ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM";
}

// Before anything else: keys mean what the architecture says they mean.
void check_architecture(const nlohmann::json& j, const std::string& source) {
  const nlohmann::json& type = j["model_type"];
  check(type == "deepseek_v2" || type == "deepseek_v3" || type == "seekling", source,
        ": model_type is ", type.dump(),
        ", expected one of [\"deepseek_v2\",\"deepseek_v3\",\"seekling\"]");
  if (!j.contains("architectures") || j["architectures"].is_null() || type == "seekling") return;
  const std::string expected = class_of(type.get<std::string>());
  check(j["architectures"] == nlohmann::json::array({expected}), source, ": architectures is ",
        j["architectures"].dump(), ", expected [\"", expected, "\"] with the model_type ",
        type.dump());
}

void read_one(Config& c, const std::string& name, const nlohmann::json& value,
              const std::string& source) {
  if (const Key* key = find(name)) return read_key(*key, c, value, source);
  if (const auto one = find_in(keys_with_one_value(), name); one != keys_with_one_value().end()) {
    check(value == one->second || value.is_null(), source, ": ", name, " is ", value.dump(),
          ", and Seekling knows only ", one->second.dump());
    return;
  }
  const bool ignored = find_in(keys_without_effect(), name) != keys_without_effect().end();
  check(ignored || name == "architectures" || name == "rope_scaling" || name == "rope_parameters",
        source, ": has the key ", name,
        ", which Seekling does not know; if it changes nothing, remove it");
}

}  // namespace

std::vector<KeyRow> config_key_table() {
  std::vector<KeyRow> rows;
  for (const char* name : {"architectures", "rope_scaling", "rope_parameters"})
    rows.push_back({name, Treatment::kHonoured, ""});
  for (const Key& key : keys()) rows.push_back({key.name, Treatment::kHonoured, ""});
  for (const auto& [name, value] : keys_with_one_value())
    rows.push_back({name, Treatment::kOneValue, value.dump()});
  for (const auto& [name, why] : keys_without_effect())
    rows.push_back({name, Treatment::kWithoutEffect, why});
  return rows;
}

Config config_from_json(const std::string& contents, const std::string& source) {
  const nlohmann::json j = parse_json(contents, source);
  check(j.is_object(), source, ": is not a JSON object, expected a model's config.json");
  for (const char* name :
       {"model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"})
    check(j.contains(name), source, ": the key ", name, " is missing");
  check_architecture(j, source);
  Config c;
  set_defaults(c, j);
  for (const auto& [name, value] : j.items()) read_one(c, name, value, source);
  read_ropes(c, j, source);
  if (c.attention == "mla") {
    check(!j.contains("num_key_value_heads") || j["num_key_value_heads"].is_null() ||
              c.num_key_value_heads == c.num_attention_heads,
          source, ": num_key_value_heads is ", c.num_key_value_heads,
          ", but MLA has a key for each of its ", c.num_attention_heads, " heads");
    c.num_key_value_heads = c.num_attention_heads;
    c.head_dim = Config{}.head_dim;
  }
  check_config(c, source);
  return c;
}

Config read_config(const std::filesystem::path& path) {
  const std::filesystem::path file =
      std::filesystem::is_directory(path) ? path / "config.json" : path;
  return config_from_json(read_file(file), file.string());
}

// The routers that Hugging Face's class of this model_type has. With another it would load
// the weights and compute something else, so such a model gets the model_type seekling.
static void check_class(const Config& c, const std::string& source) {
  if (c.model_type == "seekling") return;
  const bool v3 = c.model_type == "deepseek_v3";
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

void check_config(const Config& c, const std::string& source) {
  const auto at_least = [&](const char* name, Index value, Index least) {
    check(value >= least, source, ": ", name, " is ", value, ", expected at least ", least);
    check(value <= Index(kLargestSize), source, ": ", name, " is ", value, ", expected at most ",
          kLargestSize);
  };
  const auto one_of = [&](const char* name, const std::string& value,
                          std::vector<std::string> known) {
    for (const std::string& k : known)
      if (k == value) return;
    throw Error(text(source, ": ", name, " is \"", value, "\", expected one of ",
                     nlohmann::json(known).dump()));
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
  check(c.rms_norm_eps > 0 && c.rope_theta > 0 && c.initializer_range >= 0 && c.aux_loss_alpha >= 0,
        source,
        ": rms_norm_eps, rope_theta, initializer_range and aux_loss_alpha must not be negative, "
        "the first two not 0");
  if (c.attention == "mla") {
    at_least("kv_lora_rank", c.kv_lora_rank, 1);
    at_least("qk_nope_head_dim", c.qk_nope_head_dim, 1);
    at_least("qk_rope_head_dim", c.qk_rope_head_dim, 2);
    at_least("v_head_dim", c.v_head_dim, 1);
    check(c.qk_rope_head_dim % 2 == 0, source, ": qk_rope_head_dim is ", c.qk_rope_head_dim,
          ", expected an even number");
  } else {
    at_least("num_key_value_heads", c.num_key_value_heads, 1);
    at_least("head_dim", c.head_dim, 2);
    check(c.num_attention_heads % c.num_key_value_heads == 0 && c.head_dim % 2 == 0, source,
          ": num_key_value_heads ", c.num_key_value_heads, " must divide num_attention_heads ",
          c.num_attention_heads, ", and head_dim ", c.head_dim, " must be even");
    check(c.model_type == "seekling", source, ": attention is \"gqa\" with model_type \"",
          c.model_type, "\", expected \"seekling\": DeepSeek's classes know MLA alone");
  }
  at_least("num_nextn_predict_layers", c.num_nextn_predict_layers, 0);
  check(c.num_hidden_layers <= kMostLayers && c.num_nextn_predict_layers <= kMostLayers, source,
        ": has ", c.num_hidden_layers, " layers and ", c.num_nextn_predict_layers,
        " for multi-token prediction, expected at most ", kMostLayers);
  check_size(c, source);
  // Without an MoE layer.
  if (c.first_k_dense_replace >= c.num_hidden_layers + c.num_nextn_predict_layers) return;
  check_class(c, source);
  at_least("moe_intermediate_size", c.moe_intermediate_size, 1);
  at_least("n_routed_experts", c.n_routed_experts, 1);
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

std::string config_json(const Config& c, const std::string& dtype) {
  OrderedJson j;
  if (c.model_type != "seekling") j["architectures"] = {class_of(c.model_type)};
  for (const Key& key : keys()) j[key.name] = key.field.write(c);
  if (c.attention == "mla") j["num_key_value_heads"] = c.num_attention_heads;
  if (c.attention != "mla")
    for (const Key& key : baseline_keys()) j[key.name] = key.field.write(c);
  j["rope_scaling"] = rope_scaling_json(c);
  for (const char* name : {"hidden_act", "attention_bias", "attention_dropout"})
    j[name] = find_in(keys_with_one_value(), name)->second;
  j["use_cache"] = true;
  j["torch_dtype"] = dtype;
  return j.dump(2) + "\n";
}

std::vector<ConfigKey> config_keys() {
  std::vector<ConfigKey> all;
  for (const auto* table : {&keys(), &baseline_keys()})
    for (const Key& key : *table) all.push_back({key.name, key.help});
  return all;
}

void set_config_key(Config& config, const std::string& name, const std::string& value) {
  const Key* key = find(name);
  check(key != nullptr, "--set: ", name, " is not a key of config.json that Seekling knows");
  nlohmann::json j = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (j.is_discarded()) j = value;  // a bare word is a string
  read_key(*key, config, j, "--set");
}

}  // namespace seekling
