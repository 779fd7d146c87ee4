// The stage that converts documents to token files for `train --data`: held-out documents go to a
// separate file, some documents become fill-in-the-middle, and the order keeps them whole in rows.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "clean/fim.h"
#include "data/token_file.h"
#include "stream/document_reader.h"

namespace seekling {

struct PackOptions {
  Index seq_len = 256;  // of training
  double fim_rate = 0;  // of the documents to learn from
  std::uint64_t seed = 1;
  Index window = Index(1) << 24;  // tokens that are ordered at once, in memory
};

class Pack {
 public:
  // The files that are written. The tokenizer must outlive this.
  Pack(const PackOptions& options, const Tokenizer& tokenizer, const std::filesystem::path& train,
       const std::filesystem::path& heldout);

  void add(std::span<const InputDocument> documents);
  nlohmann::ordered_json finish();  // for the report

 private:
  struct Counts {
    Index documents = 0, tokens = 0, bytes = 0;
  };
  std::vector<std::vector<TokenId>> encode(std::span<const InputDocument> documents);
  bool becomes_fim(const std::string& text) const;
  void write(TokenWriter& to, Counts& counts, const std::vector<TokenId>& ids, Index bytes);
  void write_window();

  const PackOptions options;
  const Tokenizer& tokenizer;
  const std::filesystem::path train_path;
  TokenWriter train, heldout;
  std::optional<FimTokens> fim;
  std::vector<std::vector<TokenId>> window;
  std::vector<Index> window_bytes;
  Index in_window = 0;
  Counts to_train, to_heldout;
  Index fim_documents = 0, longer_than_a_row = 0;
};

}  // namespace seekling
