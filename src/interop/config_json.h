// config.json: the shape of a model, in Hugging Face's format.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/config.h"

namespace seekling {

// Reads both styles: rope_theta with rope_scaling, as released, and one rope_parameters object,
// as transformers 5 writes. Error, naming `source` and the key, for what is missing, out of range,
// unknown, or would change the result unheard.
Config config_from_json(const std::string& text, const std::string& source);
Config read_config(const std::filesystem::path& path);  // a file, or a folder with config.json

// Every key, in the released style, so that no reader has to fall back on defaults of its own.
// dtype: of the weights.
std::string config_json(const Config& config, const std::string& dtype = "float32");

// What becomes of a key of config.json. A key in no row of the table is refused.
enum class Treatment {
  kHonoured,       // it means here what it means to Hugging Face's classes
  kOtherName,      // read as the key that the note names
  kOneValue,       // refused unless it has the value under which it changes nothing here
  kWithoutEffect,  // changes nothing here, whatever it says
};
struct KeyRow {
  std::string name;
  Treatment treatment;
  std::string note;  // kOtherName: the key; kOneValue: the value, as JSON; kWithoutEffect: why
};
std::vector<KeyRow> config_key_table();

// One key by its name, as the command line has it: set_config_key(c, "kv_lora_rank", "32").
void set_config_key(Config& config, const std::string& key, const std::string& value);

// The keys that set_config_key knows, each with a help text for the flag that sets it.
struct ConfigKey {
  std::string name, help;
};
std::vector<ConfigKey> config_keys();

void check_config(const Config& config, const std::string& source);  // ranges and divisibility

}  // namespace seekling
