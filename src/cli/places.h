// Where things lie: presets, runs, and a model with its tokenizer.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/tokenizer.h"
#include "model/transformer.h"

namespace seekling {

// A preset's name (data/models/NAME.json), a config.json, or a folder with one.
Config find_config(const std::string& model);
std::filesystem::path find_config_file(const std::string& model);  // the file that it is read from

std::filesystem::path latest_run();  // the folder in runs/ that was saved last; Error if there is none
std::filesystem::path free_run(const std::string& name);  // runs/NAME, or runs/NAME-2 ... that is not there, or empty

std::unique_ptr<Transformer> load_model(const std::filesystem::path& folder);  // config and weights

}  // namespace seekling
