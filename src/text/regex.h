// The regular expressions of tokenizer.json, in Oniguruma's syntax. run_expression.h matches those
// that it supports, PCRE2 all others.
//
// PCRE2 and Oniguruma agree on what pre-tokenizers use, except that in Oniguruma `$` ends a line,
// not only the text, and `\s` is exactly Unicode's White_Space (with U+0085, U+00A0, U+3000;
// without U+180E, U+200B, U+FEFF). Escapes with another meaning in Oniguruma (\h is a hex digit
// there) are refused rather than misread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/real.h"
#include "text/run_expression.h"

namespace seekling {

class Regex {
 public:
  using Match = RunExpression::Match;

  // Scratch memory of a search: one per thread, for any number of expressions.
  class Scratch {
    friend class Regex;
    void prepare();  // before PCRE2's first search

    std::shared_ptr<void> match_data, context, stack;
  };

  explicit Regex(std::string pattern);  // Error if PCRE2 refuses it, or if it can match nothing

  // The first match that starts at or after byte `from`; false if there is none. `text` is UTF-8
  // without malformed sequences. Error if the expression gives up (catastrophic backtracking).
  bool find(std::string_view text, Index from, Match& match, Scratch& scratch) const;

  const std::string& pattern() const { return written; }  // as given
  const std::optional<RunExpression>& without_pcre2() const { return runs; }

 private:
  std::string written;
  std::optional<RunExpression> runs;
  std::shared_ptr<void> code;
};

}  // namespace seekling
