// The places of presets and runs.
#pragma once

#include <filesystem>
#include <string>

#include "nn/config.h"

namespace seekling {

// A preset's name (data/models/NAME.json), a config.json, or a folder with one.
Config find_config(const std::string& model);
std::filesystem::path find_config_file(const std::string& model);  // the file that it is read from

std::filesystem::path latest_run();  // the folder in runs/ that was saved last; Error if none
std::filesystem::path free_run(const std::string& name);  // runs/NAME, NAME-2, ...: new or empty

}  // namespace seekling
