// config.json of DeepseekV2ForCausalLM, DeepseekV3ForCausalLM and DeepseekV32ForCausalLM;
// config_keys.h has its keys.
#include "interop/config_json.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.h"
#include "interop/architectures.h"
#include "interop/config_keys.h"
#include "interop/config_rope.h"
#include "system/file.h"

namespace seekling {

namespace {

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

bool is_key_of_indexer(const std::string& name) {
  return std::ranges::any_of(indexer_keys(), [&](const Key& key) { return key.name == name; });
}

const Key* find(const std::string& name) {
  for (const auto* table : {&keys(), &indexer_keys(), &baseline_keys()})
    for (const Key& key : *table)
      if (key.name == name) return &key;
  return nullptr;
}

bool is_there(const nlohmann::json& j, const std::string& name) {
  for (const auto& [other, key] : other_names())
    if (key == name && j.contains(other)) return true;
  return j.contains(name);
}

// Gives each key that is left out the value that it has in the class. The model_type seekling has
// no class: its defaults are those of Config.
void set_defaults(Config& c, const nlohmann::json& j, const std::string& source) {
  const std::string type = j["model_type"].get<std::string>();
  if (type == "seekling") return;
  for (const auto* table : {&keys(), &indexer_keys()})
    for (const Key& key : *table) {
      const nlohmann::json& absent = type == "deepseek_v2" ? key.absent.v2 : key.absent.v3;
      if (!is_there(j, key.name) && !absent.is_discarded()) read_key(key, c, absent, source);
    }
}

void check_class_name(const nlohmann::json& j, const std::string& source) {
  const nlohmann::json& type = j["model_type"];
  if (!j.contains("architectures") || j["architectures"].is_null() || type == "seekling") return;
  const std::string expected = class_of(type.get<std::string>());
  check(j["architectures"] == nlohmann::json::array({expected}), source, ": architectures is ",
        j["architectures"].dump(), ", expected [\"", expected, "\"] with the model_type ",
        type.dump());
}

// The 8-bit blocks of the released DeepSeek-V3. Each tensor of a file tells whether it has them, so
// the list of modules without them has no effect, nor has the scaling of activations.
void check_quantization(const nlohmann::json& j, const std::string& source) {
  static const std::map<std::string, nlohmann::json> wanted = {{"activation_scheme", "dynamic"},
                                                               {"fmt", "e4m3"},
                                                               {"quant_method", "fp8"},
                                                               {"weight_block_size", {128, 128}}};
  static const std::set<std::string> without_effect = {"scale_fmt", "modules_to_not_convert"};
  const std::string where = source + ": quantization_config";
  if (j.is_null()) return;
  check(j.is_object(), where, " is ", j.dump(), ", expected null or an object");
  check(j.value("quant_method", nlohmann::json()) == "fp8", where, " has quant_method ",
        j.value("quant_method", nlohmann::json()).dump(),
        ", and Seekling supports only \"fp8\", as DeepSeek-V3 was released");
  std::vector<std::string> unknown;
  for (const auto& [name, value] : j.items()) {
    const auto one = wanted.find(name);
    if (one == wanted.end() && !without_effect.contains(name)) unknown.push_back(name);
    check(one == wanted.end() || value.is_null() || value == one->second, where, " has ", name, " ",
          value.dump(), ", and Seekling supports only ",
          one == wanted.end() ? "" : one->second.dump());
  }
  refuse_unknown(unknown, where);
}

// Null is falsy in Python: it means false, 0 or {}.
bool same_as(const nlohmann::json& value, const nlohmann::json& one) {
  return value == one || (value.is_null() && (one == false || one == 0 || one.empty()));
}

// Reads one key; false if it is unknown.
bool read_one(Config& c, const std::string& name, const nlohmann::json& value,
              const std::string& source) {
  if (name == "head_dim" && c.model_type != "seekling") return true;
  if (is_key_of_indexer(name) && c.model_type != "deepseek_v32") return false;
  if (const Key* key = find(name)) return read_key(*key, c, value, source), true;
  if (const auto one = find_in(keys_with_one_value(), name); one != keys_with_one_value().end()) {
    check(same_as(value, one->second), source, ": ", name, " is ", value.dump(),
          ", and Seekling supports only ", one->second.dump());
    return true;
  }
  if (name == "quantization_config") return check_quantization(value, source), true;
  return find_in(keys_without_effect(), name) != keys_without_effect().end() ||
         name == "architectures" || name == "rope_scaling" || name == "rope_parameters";
}

void read_keys(Config& c, const nlohmann::json& j, const std::string& source) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : j.items()) {
    const auto other = find_in(other_names(), name);
    const std::string& key = other == other_names().end() ? name : other->second;
    check(key == name || !j.contains(key) || j[key] == value, source, ": ", name, " is ",
          value.dump(), ", but ", key,
          ", another name of the same key, is not; remove one of them");
    if (!read_one(c, key, value, source) && !value.is_null()) unknown.push_back(name);
  }
  refuse_unknown(unknown, source + ":");
}

// Null in a key that Hugging Face's class does not have is as if the key were left out.
void drop_nulls(nlohmann::json& j) {
  const bool v3 = j["model_type"] == "deepseek_v3" || j["model_type"] == "deepseek_v32";
  for (const char* name : {"moe_layer_freq", "scoring_func", "aux_loss_alpha", "seq_aux",
                           "num_nextn_predict_layers", v3 ? "topk_method" : "rope_interleave"})
    if (j.contains(name) && j[name].is_null()) j.erase(name);
}

// V2's class names no number of experts per token; a model without MoE layers needs none.
void check_experts_per_token(const Config& c, const nlohmann::json& j, const std::string& source) {
  check(j.contains("num_experts_per_tok") || c.model_type != "deepseek_v2" ||
            c.first_k_dense_replace >= c.num_hidden_layers + c.num_nextn_predict_layers,
        source, ": the key num_experts_per_tok is missing");
}

// MLA has a key for each head, and its widths define the width of a head.
void read_heads(Config& c, const nlohmann::json& j, const std::string& source) {
  const bool given = j.contains("num_key_value_heads") && !j["num_key_value_heads"].is_null();
  if (!given && j.contains("num_key_value_heads")) c.num_key_value_heads = c.num_attention_heads;
  if (c.attention != "mla") return;
  check(!given || c.num_key_value_heads == c.num_attention_heads, source,
        ": num_key_value_heads is ", c.num_key_value_heads, ", but MLA has a key for each of its ",
        c.num_attention_heads, " heads");
  c.num_key_value_heads = c.num_attention_heads;
  c.head_dim = Config{}.head_dim;
}

}  // namespace

std::vector<KeyRow> config_key_table() {
  std::vector<KeyRow> rows;
  for (const char* name :
       {"architectures", "rope_scaling", "rope_parameters", "quantization_config"})
    rows.push_back({name, Treatment::kHonoured, ""});
  for (const auto* table : {&keys(), &indexer_keys()})
    for (const Key& key : *table) rows.push_back({key.name, Treatment::kHonoured, ""});
  for (const auto& [name, key] : other_names()) rows.push_back({name, Treatment::kOtherName, key});
  for (const auto& [name, value] : keys_with_one_value())
    rows.push_back({name, Treatment::kOneValue, value.dump()});
  for (const auto& [name, why] : keys_without_effect())
    rows.push_back({name, Treatment::kWithoutEffect, why});
  return rows;
}

Config config_from_json(const std::string& contents, const std::string& source) {
  nlohmann::json j = parse_json(contents, source);
  check(j.is_object(), source, ": is not a JSON object, expected a model's config.json");
  // First of all, because the meaning of keys depends on the architecture.
  if (j.contains("model_type")) name_architecture(j, source);
  for (const Key& key : keys())
    check(j.contains(key.name) || !key.absent.v3.is_discarded(), source, ": the key ", key.name,
          " is missing");
  check_class_name(j, source);
  drop_nulls(j);
  Config c;
  c.model_type = j["model_type"].get<std::string>();
  set_defaults(c, j, source);
  read_keys(c, j, source);
  check_experts_per_token(c, j, source);
  read_ropes(c, j, source);
  read_heads(c, j, source);
  check_config(c, source);
  return c;
}

Config read_config(const std::filesystem::path& path) {
  const std::filesystem::path file =
      std::filesystem::is_directory(path) ? path / "config.json" : path;
  return config_from_json(read_file(file), file.string());
}

std::string config_json(const Config& c, const std::string& dtype) {
  OrderedJson j;
  if (c.model_type != "seekling") j["architectures"] = {class_of(c.model_type)};
  for (const Key& key : keys()) j[key.name] = key.field.write(c);
  if (c.model_type == "deepseek_v32")
    for (const Key& key : indexer_keys()) j[key.name] = key.field.write(c);
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
  for (const auto* table : {&keys(), &indexer_keys(), &baseline_keys()})
    for (const Key& key : *table) all.push_back({key.name, key.help});
  return all;
}

void set_config_key(Config& config, const std::string& name, const std::string& value) {
  const Key* key = find(name);
  check(key != nullptr, "--set: ", name, " is not a key of config.json that Seekling knows");
  nlohmann::json j = parse_json_or_discard(value, "--set " + name);
  if (j.is_discarded()) j = value;  // a bare word is a string
  read_key(*key, config, j, "--set");
  // DeepSeek's classes have no attention but MLA.
  if (name == "attention" && config.attention != "mla") config.model_type = "seekling";
}

}  // namespace seekling
