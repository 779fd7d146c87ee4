// Lines that occurred earlier in the corpus: menus, licences, signatures. The first of equal lines
// stays; white space is ignored. Short lines always stay, because brackets and list items are equal
// by nature. The method is that of CCNet's paragraphs (Wenzek et al. 2019, arXiv:1911.00359, §3.1),
// but over the whole corpus and in external memory, with 16 bytes of disk per line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "stream/record_sort.h"

namespace seekling {

class RepeatedLines {
 public:
  // least: the characters, white space not counted, of a line that is compared
  RepeatedLines(Index least, std::size_t memory, const std::filesystem::path& scratch);

  void add(std::string_view text);  // the documents in order
  void sort();                      // once, after the last add()
  // The text without its repeated lines, and how many those were. The same documents in the same
  // order.
  std::string without(std::string_view text, Index& removed);

 private:
  bool compared(std::string_view line) const;

  const Index least;
  RecordSort lines, repeated;  // (hash, number of the line), (number, 0)
  Index number = 0;            // of the next line
  bool more = false;           // whether `next` is a repeated line that is still to come
  Record next{};
};

}  // namespace seekling
