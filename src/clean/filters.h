// Filters of documents by their text, with the rules and names of the papers:
//
//   gopher_*    Rae et al. 2021, arXiv:2112.11446, appendix A.1.1 (MassiveText)
//   c4_*        Raffel et al. 2020, arXiv:1910.10683, §2.2
//   fineweb_*   Penedo et al. 2024, arXiv:2406.17557, §3.6
//
// and quality_min_score for the classifier of quality.h, which Clean asks where it is given one.
// The thresholds are in one file, data/filters.json: a number for each rule, or null to switch it
// off. They were chosen for English web pages, and some can only judge such: rules about words look
// only at texts with blanks between words (the mean word length of Japanese, counted so, would drop
// all of it), the rule of stop words only at English. c4_max_curly_brackets drops nearly all code.
// C4's list of bad words is left out, and its rule that a line must end in punctuation is off, as
// FineWeb found that it costs a third of the text.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "clean/measures.h"

namespace seekling {

class Filters {
 public:
  // Error for a file that is no such table, or has a name that is no rule.
  explicit Filters(const std::filesystem::path& thresholds);
  static std::filesystem::path standard_file();  // data/filters.json

  // The text without the lines that c4_line_* rules remove; adds their number to `removed`.
  std::string without_lines(std::string_view text, Index& removed) const;

  struct Verdict {
    std::string rule = {};  // the first one broken; empty: none
    double found = 0, threshold = 0;
  };
  Verdict judge(std::string_view text, const std::string& language) const;
  // Of quality_min_score; Error if the file has no number for it.
  double least_quality() const;

 private:
  bool is_removed(std::string_view line) const;

  std::filesystem::path file;
  std::map<std::string, double, std::less<>> thresholds;  // of the rules that are on
};

}  // namespace seekling
