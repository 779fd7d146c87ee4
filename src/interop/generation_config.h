// generation_config.json: the tokens that end a text, and how text is sampled by default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/config.h"

namespace seekling {

struct GenerationConfig {
  std::vector<std::int32_t> ends;  // of config.json and of generation_config.json
  std::optional<double> temperature, top_p;
  std::optional<Index> top_k;
};

// The one beside a model's config.json, if there is one. As in transformers, its temperature, top_p
// and top_k mean nothing where do_sample is false. Error, naming the file and the key, for a value
// that is out of range.
GenerationConfig read_generation_config(const std::filesystem::path& folder, const Config& config);

std::string generation_config_json(const Config& config);  // of a model that says no more

}  // namespace seekling
