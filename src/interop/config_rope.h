// RoPE's keys in config.json: rope_theta with rope_scaling, as released, and the one object
// rope_parameters, as transformers 5 writes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "interop/config_keys.h"

namespace seekling {

void read_ropes(Config& config, const nlohmann::json& json, const std::string& source);
OrderedJson rope_scaling_json(const Config& config);  // null without YaRN

}  // namespace seekling
