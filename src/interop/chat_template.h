// The chat template of a checkpoint's folder: the file chat_template.jinja, or the key
// chat_template of tokenizer_config.json, which is a text or a list of named templates.
#pragma once

#include <filesystem>
#include <string>

namespace seekling {

struct ChatTemplate {
  std::string source;  // empty if the folder has none
  std::string path;    // the file that it was read from
};

// Among named templates the one named "default"; Error if there is none.
ChatTemplate chat_template_in(const std::filesystem::path& folder);

}  // namespace seekling
