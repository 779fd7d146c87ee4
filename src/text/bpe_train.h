// Learning a byte-level BPE vocabulary from text: the rule of Hugging Face's
// BpeTrainer, merge for merge.
//
// Ids: the special tokens in the listed order, the 256 bytes by their printable character's code
// point, then what merges make. Each step merges the adjacent pair of highest count over all
// pieces, a piece weighing as often as it occurs; of equals the smaller (left id, right id).
// It ends at vocab_size, or when no pair occurs min_frequency times.
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

// How often each piece occurs. Documents may be given in parts, so that a corpus larger
// than memory can be counted.
class PieceCounts {
 public:
  explicit PieceCounts(PreTokenizerKind kind) : pre_tokenizer(kind) {}

  struct Hash : std::hash<std::string_view> {  // a piece is looked up without a copy of it
    using is_transparent = void;
  };
  using Counts = std::unordered_map<std::string, Index, Hash, std::equal_to<>>;

  void add(std::span<const std::string> documents);  // in parallel

  const Counts& counts() const { return totals; }
  Index malformed() const { return malformed_total; }  // sequences that are not UTF-8: unused

 private:
  PreTokenizer pre_tokenizer;
  Counts totals;
  Index malformed_total = 0;
};

// Error if vocab_size has no room for the specials and the bytes, or a special is empty,
// twice, or a single byte.
Tokenizer train_bpe(const PieceCounts& pieces, const BpeTraining& training);
Tokenizer train_bpe(std::span<const std::string> documents, const BpeTraining& training);

}  // namespace seekling
