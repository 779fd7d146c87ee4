// The texts that `--data` names, one document at a time: a text file is one document, a line of a
// .jsonl file is one (its key "text"), so is an element of the array in a .json file, and a folder
// stands for every .txt, .md and .jsonl below it, also through links, in sorted order, hidden ones
// left out. Files are mapped into memory, not read, so a corpus may be larger than the machine's
// memory. A document's bytes are handed on as they are, valid UTF-8 or not (JSON allows no others,
// so a line of .jsonl with such bytes is an Error), but marks of Unicode at the beginning of a file
// are read (unicode/text_file.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

using VisitDocument = std::function<void(std::string_view document)>;  // valid during the call

class Corpus {
 public:
  explicit Corpus(const std::vector<std::filesystem::path>& paths);  // finds and measures them

  void for_each(const VisitDocument& visit) const;  // all with more than white space, in one order

  const std::vector<std::filesystem::path>& files() const { return found; }
  // The files of other endings in the folders.
  const std::vector<std::filesystem::path>& skipped() const { return passed_over; }
  Index bytes() const { return total; }  // of the files; for .jsonl that is more than its texts

 private:
  std::vector<std::filesystem::path> found, passed_over;
  Index total = 0;
};

// Whether the hash of the content, modulo 50, is 0: one document in 50, and always the same ones,
// whatever else is in the corpus.
bool is_heldout(std::string_view document);

// A part of plain data is kept out of training, to measure on.
//   100 documents or more: every document that is_heldout(). Two copies of a document always fall
//     on the same side.
//   Fewer (or where that rule leaves a side empty): the last 2 % of each document's bytes,
//     from the first line break there, or from a character border where there is none.
//     Documents under 50 bytes are learned from whole.
// Corpora too small for either have nothing held out: heldout_bytes is 0.
class Split {
 public:
  explicit Split(const Corpus& corpus);  // reads the corpus once; it must outlive the split

  void for_each_train(const VisitDocument& visit) const;
  void for_each_heldout(const VisitDocument& visit) const;

  Index documents = 0, train_bytes = 0, heldout_bytes = 0;
  bool whole_documents = false;  // which of the two rules

 private:
  const Corpus& corpus;
};

}  // namespace seekling
