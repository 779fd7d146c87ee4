// Expressions made of runs of characters, matched without PCRE2: alternatives such as
// [A-Za-z]+, \p{N}{1,3}, \s*[\r\n]+ and \s+(?!\S), each a sequence of character sets with
// repetition counts. The expressions of the tokenizers of DeepSeek, GPT-2, Qwen and Llama have this
// form.
//
// The matches are those of any backtracking engine (Perl, Oniguruma, PCRE2): the leftmost start,
// there the first alternative that matches, and in it each run as long as possible. A general
// engine spends most of its time on starting up and on finding the sets of a character; here one
// table look-up returns all sets that contain it.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/real.h"
#include "unicode/character_masks.h"

namespace seekling {

class RunExpression {
 public:
  struct Match {
    Index begin, end;  // bytes; end > begin
  };

  // Nothing if the pattern (Oniguruma's syntax) has anything else, or can match the empty text.
  static std::optional<RunExpression> parse(const std::string& pattern);

  enum class Found { kYes, kNo, kGivesUp };
  // The first match that starts at or after byte `from`. `text` is UTF-8 without malformed
  // sequences. Gives up where backtracking takes too long.
  Found find(std::string_view text, Index from, Match& match) const;

  using Character = CharacterMasks::Character;
  Character character_at(const char* p) const { return characters.at(p); }

  // No match holds both of two neighbours, and none that ends with the left one depends on the
  // right one: the text may be cut between them, and matches stay as they are.
  bool may_cut_between(Character left, Character right) const;
  // Wherever it is, a character is in some match.
  bool always_matches(Character c) const;

 private:
  struct Run {
    CharacterMask members;  // one bit: the set's
    Index least, most;
  };
  struct Alternative {
    std::vector<Run> runs;
    CharacterMask first = 0;       // sets of which one has a match's first character
    CharacterMask then = kAnyone;  // the next character, if there is one, is in this set: (?!\S), $
  };
  static constexpr CharacterMask kAnyone = ~CharacterMask(0);
  static constexpr Index kNoLimit = std::numeric_limits<Index>::max();
  class Parser;
  struct Search;

  RunExpression(const std::vector<CharacterRanges>& sets, std::vector<Alternative> of_it);

  const char* match_from(const Alternative& alternative, size_t run, const char* p,
                         Search& search) const;
  const char* match_at(const char* p, CharacterMask first, Search& search) const;
  const char* end_of_run(const Run& run, const char* p, Search& search, Index& length) const;

  CharacterMasks characters;
  std::vector<Alternative> alternatives;
  CharacterMask starts = 0;  // sets of which one has the first character of any match
};

}  // namespace seekling
