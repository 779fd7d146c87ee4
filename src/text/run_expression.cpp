// Matching and cutting. run_expression_parser.cpp reads patterns.
#include "text/run_expression.h"

#include <utility>

namespace seekling {

// A text's end, and how much work is left until the search gives up: a pattern such as a+a+a+b
// would otherwise take hours in a long text. What pre-tokenizers do is linear.
struct RunExpression::Search {
  const char* end;
  Index budget;
};

RunExpression::RunExpression(const std::vector<CharacterRanges>& sets,
                             std::vector<Alternative> of_it)
    : characters(sets), alternatives(std::move(of_it)) {
  for (Alternative& alternative : alternatives) {
    for (const Run& run : alternative.runs) {
      alternative.first |= run.members;
      if (run.least > 0) break;
    }
    starts |= alternative.first;
  }
}

const char* RunExpression::end_of_run(const Run& run, const char* p, Search& search,
                                      Index& length) const {
  for (length = 0; length < run.most && p < search.end; ++length) {
    const Character c = characters.at(p);
    if (!(c.mask & run.members)) break;
    p += c.length;
  }
  return p;
}

// The end of a match of runs[run], runs[run + 1] ... that begins at p, or null. A run is tried at
// its full length, then a character shorter each time.
const char* RunExpression::match_from(const Alternative& alternative, size_t run, const char* p,
                                      Search& search) const {
  if (run == alternative.runs.size()) {
    const bool fits = alternative.then == kAnyone || p == search.end ||
                      (characters.at(p).mask & alternative.then) != 0;
    return fits ? p : nullptr;
  }
  Index length = 0;
  const char* end = end_of_run(alternative.runs[run], p, search, length);
  search.budget -= length;
  for (; length >= alternative.runs[run].least && search.budget > 0; --length, --search.budget) {
    if (const char* whole = match_from(alternative, run + 1, end, search)) return whole;
    while (end > p && (static_cast<unsigned char>(*--end) & 0xC0) == 0x80) {
      // back to the first byte of the character
    }
  }
  return nullptr;
}

const char* RunExpression::match_at(const char* p, CharacterMask first, Search& search) const {
  for (const Alternative& alternative : alternatives) {
    if (!(first & alternative.first)) continue;
    if (const char* end = match_from(alternative, 0, p, search)) return end;
  }
  return nullptr;
}

RunExpression::Found RunExpression::find(std::string_view text, Index from, Match& match) const {
  constexpr Index kLeastBudget = 100'000'000;
  const char* const begin = text.data();
  Search search{begin + text.size(), kLeastBudget + 16 * Index(text.size())};
  // If a pattern is a single run, such as \s+$, and no match starts at the first character of a
  // run, none starts at the others, because they have the same possible ends. So a long run is
  // tried only once.
  const bool is_one_run = alternatives.size() == 1 && alternatives[0].runs.size() == 1 &&
                          alternatives[0].runs[0].most == kNoLimit;
  for (const char* p = begin + from; p < search.end;) {
    const Character c = characters.at(p);
    if (c.mask & starts) {
      if (const char* end = match_at(p, c.mask, search)) {
        match = {p - begin, end - begin};
        return Found::kYes;
      }
      if (search.budget <= 0) return Found::kGivesUp;
      if (is_one_run) {
        Index length = 0;
        p = end_of_run(alternatives[0].runs[0], p, search, length);
        continue;
      }
    }
    p += c.length;
  }
  return Found::kNo;
}

bool RunExpression::may_cut_between(Character left, Character right) const {
  for (const auto& [runs, first, then] : alternatives)
    for (size_t i = 0; i < runs.size(); ++i) {
      if (!(left.mask & runs[i].members)) continue;
      if (runs[i].most > 1 && (right.mask & runs[i].members)) return false;
      size_t next = i + 1;
      for (; next < runs.size(); ++next) {
        if (right.mask & runs[next].members) return false;
        if (runs[next].least > 0) break;
      }
      const bool may_end = next == runs.size();
      if (may_end && then != kAnyone && !(right.mask & then)) return false;
    }
  return true;
}

bool RunExpression::always_matches(Character c) const {
  for (const auto& [runs, first, then] : alternatives) {
    int needed = 0;  // runs that may not be empty
    bool fits = false;
    for (const Run& run : runs) {
      if (run.least == 0) continue;
      ++needed;
      fits = run.least == 1 && (c.mask & run.members) != 0;
    }
    if (then == kAnyone && needed == 1 && fits) return true;
  }
  return false;
}

}  // namespace seekling
