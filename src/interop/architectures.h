// The architectures that config.json's model_type may name, and the class that each is read as.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace seekling {

// Gives kimi_k2, another name of DeepSeek-V3's architecture, that name, and takes out of
// deepseek_v32's config what says nothing new. Error for a model_type that Seekling does not know,
// and, with the part that it cannot run, for one that it does.
void name_architecture(nlohmann::json& config, const std::string& source);

std::string class_of(const std::string& model_type);  // Hugging Face's, for our own model_types

// The model_type in a folder's config.json; empty if there is none.
std::string model_type_in(const std::filesystem::path& folder);

}  // namespace seekling
