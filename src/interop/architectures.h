// The architectures that config.json's model_type may name, and the class that each is read as.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace seekling {

// Gives another name of DeepSeek-V3's architecture its own: kimi_k2, and deepseek_v32 where no
// context is so long that its attention is sparse. Error for a model_type that Seekling does not
// know, and, with the part that it cannot run, for one that it does.
void name_architecture(nlohmann::json& config, const std::string& source);

std::string class_of(const std::string& model_type);  // Hugging Face's, for our own model_types

// The model_type in a folder's config.json; empty if there is none.
std::string model_type_in(const std::filesystem::path& folder);

// A tensor of DeepSeek-V3.2's sparse attention. What is read as DeepSeek-V3 leaves it unread.
bool is_of_indexer(const std::string& tensor);

}  // namespace seekling
