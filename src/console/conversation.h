// A conversation as token ids, formatted by the model's chat template or, for DeepSeek-V3.2 and V4,
// by its encoder. A model without either gets DeepSeek-V2's template.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "console/message_encoder.h"
#include "core/say.h"
#include "jinja/template.h"
#include "text/tokenizer.h"

namespace seekling {

class Conversation {
 public:
  // `folder`: the model's. Error for a template outside the subset of Jinja that src/jinja knows.
  // thinking: the model should reason before it answers; ignored by templates without a variable of
  // this name. `say` is called if the model has neither template nor encoder.
  Conversation(Tokenizer tokenizer, const std::filesystem::path& folder, const Say& say,
               bool thinking = false);

  void add(const std::string& role, const std::string& content);  // "user", "assistant", "system"

  // The conversation so far and the beginning of the next answer. Special tokens typed by a user
  // stay text; those of the template are tokens. Error if the template refuses the conversation.
  std::vector<TokenId> ids() const;

 private:
  nlohmann::ordered_json context() const;
  std::string written() const;
  std::string guarded(const std::string& content) const;

  Tokenizer tokenizer;
  bool thinking;
  std::optional<EncoderKind> encoder;
  std::string path;  // of the template, for messages
  jinja::Template words;
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
};

}  // namespace seekling
