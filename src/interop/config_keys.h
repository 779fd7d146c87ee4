// The keys of config.json, in tables that say how each is treated: keys() are honoured, and serve
// reading, writing, --set and the flags of `train`; other_names() are read as one of keys();
// keys_with_one_value() are refused unless they have the value with which they change nothing;
// keys_without_effect() are ignored. Every other key is refused by name.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nn/config.h"

namespace seekling {

using OrderedJson = nlohmann::ordered_json;

inline constexpr std::uint64_t kLargestSize = 1'000'000'000;  // of any integer in config.json

struct Field {
  std::function<void(Config&, const nlohmann::json&)> read;  // may throw nlohmann's type error
  std::function<OrderedJson(const Config&)> write;
};

// The value of a key that is left out, in Hugging Face's class of the model_type (transformers
// 5.24.0: DeepseekV2Config and DeepseekV3Config), or, for a key that those classes do not have, in
// DeepSeek's own. Null means what null means in the file.
struct ClassDefault {
  nlohmann::json v2, v3;
};
// The key must be there. (In braces it would be an array.)
inline const nlohmann::json kNoDefault(nlohmann::json::value_t::discarded);

struct Key {
  std::string name;
  ClassDefault absent;
  Field field;
  std::string help;
};

const std::vector<Key>& keys();
const std::vector<Key>& indexer_keys();   // of model_type deepseek_v32 alone; the default is v3's
const std::vector<Key>& baseline_keys();  // ours; written only where attention is not MLA
const std::vector<std::pair<std::string, std::string>>& other_names();  // and the key in keys()
const std::vector<std::pair<std::string, nlohmann::json>>& keys_with_one_value();
const std::vector<std::pair<std::string, std::string>>& keys_without_effect();  // and why

// Error that names all keys at once, unless there are none.
void refuse_unknown(const std::vector<std::string>& names, const std::string& where);

}  // namespace seekling
