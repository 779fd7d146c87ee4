// A conversation as token ids, in the words of the model's own chat template. A model without one
// gets DeepSeek-V2's.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "jinja/template.h"
#include "text/tokenizer.h"

namespace seekling {

class Conversation {
 public:
  // `folder`: the model's. Error for a template outside the subset of Jinja that src/jinja knows.
  Conversation(Tokenizer tokenizer, const std::filesystem::path& folder);

  void add(const std::string& role, const std::string& content);  // "user", "assistant", "system"

  // All that was said, and the beginning of the next answer. Special tokens that a user types stay
  // text; those of the template are tokens. Error if the template refuses the conversation.
  std::vector<TokenId> ids() const;

 private:
  nlohmann::ordered_json context() const;
  std::string guarded(const std::string& content) const;

  Tokenizer tokenizer;
  std::string path;  // of the template, for messages
  jinja::Template words;
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
};

}  // namespace seekling
