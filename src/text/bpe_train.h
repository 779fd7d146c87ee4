// Learning a byte-level BPE vocabulary from text, with the same merges as Hugging Face's
// BpeTrainer.
//
// Ids: the special tokens in the listed order, the 256 bytes by their printable character's code
// point, then the results of merges. Each step merges the adjacent pair with the highest count over
// all pieces, weighted by the number of occurrences of the piece; ties go to the smaller (left id,
// right id). Learning ends at vocab_size, or when no pair occurs min_frequency times.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"

namespace seekling {

struct BpeTraining {
  Index vocab_size = 8192;  // specials and bytes included
  Index min_frequency = 2;
  std::vector<std::string> specials = {kBosContent, kEosContent, kPadContent};
  PreTokenizerKind pre_tokenizer = PreTokenizerKind::kDeepseekV3;
};

// Counts the occurrences of each piece. Documents may be added in parts, so a corpus may be larger
// than memory.
class PieceCounts {
 public:
  explicit PieceCounts(PreTokenizerKind kind) : pre_tokenizer(kind) {}

  struct Hash : std::hash<std::string_view> {  // transparent: look-up without a copy
    using is_transparent = void;
  };
  using Counts = std::unordered_map<std::string, Index, Hash, std::equal_to<>>;

  void add(std::span<const std::string> documents);  // in parallel

  const Counts& counts() const { return totals; }
  Index malformed() const { return malformed_total; }  // skipped sequences that are not UTF-8

 private:
  PreTokenizer pre_tokenizer;
  Counts totals;
  Index malformed_total = 0;
};

// Error if vocab_size has no room for the specials and the bytes, or if a special is empty,
// repeated or a single byte.
Tokenizer train_bpe(const PieceCounts& pieces, const BpeTraining& training);
Tokenizer train_bpe(std::span<const std::string> documents, const BpeTraining& training);

}  // namespace seekling
