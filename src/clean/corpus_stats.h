// The size of a corpus, and what is in it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "stream/document_reader.h"
#include "text/tokenizer.h"

namespace seekling {

class CorpusStats {
 public:
  // Tokens are counted if there is a tokenizer.
  explicit CorpusStats(std::optional<Tokenizer> t) : tokenizer(std::move(t)) {}

  void add(std::span<const InputDocument> documents);
  nlohmann::ordered_json report() const;
  std::string summary() const;  // the same as lines for a person

 private:
  const std::optional<Tokenizer> tokenizer;
  Index documents = 0, bytes = 0, words = 0, tokens = 0, longest = 0, heldout = 0;
  std::map<std::string, Index> language_bytes;
};

}  // namespace seekling
