// Passages that occurred earlier in the corpus: runs of at least 50 words. Lee et al. 2022,
// "Deduplicating training data makes language models better" (arXiv:2107.06499), §4.1
// (ExactSubstr), with words (words.h) for its tokens, so that case, punctuation and blanks do not
// hide a passage. The first occurrence stays; the paper's code removes that as well.
//
//   1. Documents are joined to blocks that fit in memory. The suffix array (suffix_array.h) of a
//      block has the places that share their next 50 words side by side. All of these but the first
//      are repeats, except that a passage does not repeat one that it overlaps.
//   2. Passages in different blocks: of every 26 consecutive windows of 25 words, the one with the
//      smallest hash is noted on the disk (winnowing: Schleimer, Wilkerson & Aiken 2003),
//      2 of 27 on average. A passage of 50 words has 26 windows, so two equal passages have noted
//      the same one. Equal hashes meet in an external sort, the documents are read again, and the
//      two places are followed in both directions as long as the words are equal.
//
// So step 1 finds all repeats of its block. Step 2 compares a window with the first of its kind and
// the last four before it; it misses a repeat whose every noted window stood at least six times
// before, in other company each of these times.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stream/document_store.h"
#include "stream/record_sort.h"

namespace seekling {

struct PassageSearch {
  Index least = 50;  // words of the shortest passage, 2 at least
  std::size_t memory = std::size_t(32) << 20;
  std::filesystem::path scratch = {};  // a folder
};

struct RemovedPassages {
  Index passages = 0, words = 0;
};

// The places of the windows that are noted. windows: their hashes; width: of how many the smallest
// is noted, the last of equals.
std::vector<std::uint32_t> winnowed(std::span<const std::uint64_t> windows, Index width);

class RepeatedPassages {
 public:
  explicit RepeatedPassages(PassageSearch search);

  // In the order of the documents' numbers; the texts of `numbers`.
  void add(std::span<const Index> numbers, std::span<const std::string> texts);
  void find(const DocumentStore& documents);  // once, after the last add()
  // The document's text without its repeats; the documents in order again.
  std::string without(Index document, std::string_view text, RemovedPassages& removed);

 private:
  struct Block {
    std::vector<std::uint64_t> words;  // with a word of its own after each document
    std::vector<std::pair<Index, std::size_t>> documents;  // and where each begins
  };
  struct Run;  // words of a document
  static constexpr std::size_t kBlocks = 4;

  void find_in_blocks();
  std::vector<Run> runs_in(const Block& block) const;
  Index block_of(std::uint64_t place) const;
  void pair_up();
  void compare(std::span<const Record> window, const DocumentStore& documents);
  std::vector<Run> runs_of(std::span<const Record> pairs, const DocumentStore& documents) const;
  void note(const std::vector<std::vector<Run>>& runs);

  const PassageSearch search;
  const Index window_words, width;
  std::vector<Block> blocks;         // that are in memory
  std::vector<Index> block_begins;   // the first document of each block
  RecordSort windows, pairs, found;  // (hash, place), (place, earlier one), (document, run)
  bool more = false;                 // whether `next` is a repeat that is still to come
  Record next{};
};

}  // namespace seekling
