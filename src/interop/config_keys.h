// The keys of config.json, in three tables that say how each is treated: keys() are honoured,
// and serve reading, writing, --set and the flags of `train`; keys_with_one_value() are refused
// unless they have the value with which they change nothing; keys_without_effect() are ignored.
// Every other key is refused by name.
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

struct Key {
  std::string name;
  Field field;
  std::string help;
};

const std::vector<Key>& keys();
const std::vector<Key>& baseline_keys();  // ours; written only where attention is not MLA
const std::vector<std::pair<std::string, nlohmann::json>>& keys_with_one_value();
const std::vector<std::pair<std::string, std::string>>& keys_without_effect();  // and why

}  // namespace seekling
