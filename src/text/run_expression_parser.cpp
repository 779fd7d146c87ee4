// Reading a pattern: alternatives, sets of characters, numbers of times. What is not known here is
// left to PCRE2, with its own messages.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "text/run_expression.h"
#include "unicode/unicode.h"

namespace seekling {

class RunExpression::Parser {
 public:
  explicit Parser(std::string_view written) : pattern(written) {}

  std::optional<RunExpression> expression() {
    do {
      if (take("(?i:")) folded_alternatives();
      else alternative();
    } while (known && take("|"));
    if (!known || i < pattern.size()) return std::nullopt;
    return RunExpression(sets, alternatives);
  }

 private:
  static constexpr size_t kMostRuns = 16;  // in an alternative

  bool take(std::string_view text) {
    const bool is_next = pattern.substr(i).starts_with(text);
    if (is_next) i += text.size();
    return is_next;
  }
  bool at_end() const { return !known || i == pattern.size(); }
  char next() const { return at_end() ? '\0' : pattern[i]; }
  void unknown() { known = false; }

  // (?i:'s|'t): the group is a whole alternative, or several.
  void folded_alternatives() {
    folded = true;
    do alternative();
    while (known && take("|"));
    folded = false;
    if (!take(")") || (i < pattern.size() && next() != '|')) unknown();
  }

  void alternative() {
    Alternative out;
    bool can_be_empty = true;
    while (!at_end() && next() != '|' && next() != ')') {
      if (take("(?!\\S)")) out.then = bit_of(white_space());
      else if (take("$")) out.then = bit_of({{'\n', '\n'}});
      else out.runs.push_back(run());
      can_be_empty = can_be_empty && (out.runs.empty() || out.runs.back().least == 0);
      if (out.then != kAnyone) break;
    }
    const bool ends_here = at_end() || next() == '|' || next() == ')';
    if (!ends_here || can_be_empty || out.runs.size() > kMostRuns) unknown();
    alternatives.push_back(std::move(out));
  }

  Run run() {
    const CharacterMask members = bit_of(one_set());
    const auto [least, most] = times();
    return {members, least, most};
  }

  std::pair<Index, Index> times() {
    std::pair<Index, Index> out{1, 1};
    if (take("+")) out = {1, kNoLimit};
    else if (take("*")) out = {0, kNoLimit};
    else if (take("?")) out = {0, 1};
    else if (take("{")) out = times_in_braces();
    else return out;
    if (std::string_view("+*?{").find(next()) != std::string_view::npos) unknown();  // lazy, ...
    return out;
  }

  std::pair<Index, Index> times_in_braces() {  // {3}, {1,3}, {1,}
    const Index least = number();
    Index most = least;
    if (take(",")) most = next() == '}' ? kNoLimit : number();
    if (!take("}") || most < std::max<Index>(least, 1)) unknown();
    return {least, most};
  }

  Index number() {
    constexpr Index kMost = 65535;  // PCRE2's
    Index value = 0;
    const char* const begin = pattern.data() + i;
    const auto [end, error] = std::from_chars(begin, pattern.data() + pattern.size(), value);
    i += size_t(end - begin);
    if (error != std::errc() || value < 0 || value > kMost) unknown();
    return value;
  }

  CharacterRanges one_set() {
    if (take("[")) return in_brackets();
    if (take("\\")) return escaped(false);
    if (std::string_view("]{}()*+?.^$|").find(next()) != std::string_view::npos) unknown();
    return folded ? both_cases(character()) : only(character());
  }

  CharacterRanges in_brackets() {
    const bool others = take("^");
    CharacterRanges members;
    if (folded || next() == ']') unknown();
    while (!at_end() && next() != ']') {
      const CharacterRanges part = member();
      members.insert(members.end(), part.begin(), part.end());
    }
    if (!take("]")) unknown();
    members = in_order(std::move(members));
    return others ? complement(members) : members;
  }

  CharacterRanges member() {  // a, a-z or \s
    CharacterRanges part = single();
    if (next() != '-' || pattern.substr(i).starts_with("-]")) return part;
    const bool is_one = part.size() == 1 && part[0].first == part[0].last;
    ++i;
    const CharacterRanges last = single();
    const bool is_range = is_one && last.size() == 1 && last[0].first == last[0].last &&
                          part[0].first <= last[0].first;
    if (!is_range) unknown();
    return is_range ? CharacterRanges{{part[0].first, last[0].first}} : part;
  }

  CharacterRanges single() {
    if (take("\\")) return escaped(true);
    if (next() == '[' || pattern.substr(i).starts_with("&&")) unknown();
    return only(character());
  }

  CharacterRanges escaped(bool in_class) {
    if (at_end()) return nothing();
    const char letter = next();
    if (letter == 'p' || letter == 'P') return property();
    ++i;
    switch (letter) {
      case 's': return white_space();
      case 'S': return in_class ? nothing() : complement(white_space());
      case 'd': return category("Nd");
      case 'D': return complement(category("Nd"));
      case 'r': return only('\r');
      case 'n': return only('\n');
      case 't': return only('\t');
      case 'x': return only(hexadecimal());
      default: break;
    }
    const bool is_sign = letter > ' ' && letter < 0x7F && !std::isalnum(letter);
    return is_sign ? only(char32_t(letter)) : nothing();
  }

  CharacterRanges property() {  // p{L}, P{L}, p{^L}, pL
    bool others = next() == 'P';
    ++i;
    std::string_view name = pattern.substr(std::min(i, pattern.size()), 1);
    i += name.size();
    if (name == "{") {
      others ^= take("^");
      const size_t end = std::min(pattern.find('}', i), pattern.size());
      name = pattern.substr(i, end - i);
      i = end;
      if (!take("}")) unknown();
    }
    const CharacterRanges members = category(name);
    if (members.empty()) return nothing();
    return others ? complement(members) : members;
  }

  char32_t hexadecimal() {  // {11de0}
    std::uint32_t value = 0;
    if (!take("{")) unknown();
    const char* const begin = pattern.data() + i;
    const auto [end, error] = std::from_chars(begin, pattern.data() + pattern.size(), value, 16);
    i += size_t(end - begin);
    const bool is_surrogate = 0xD800 <= value && value < 0xE000;
    if (error != std::errc() || value > kLastCodePoint || is_surrogate || !take("}")) unknown();
    return value;
  }

  char32_t character() {
    const Utf8Unit unit = at_end() ? Utf8Unit{Utf8Unit::kCut, 0} : next_utf8(pattern.substr(i));
    if (unit.kind != Utf8Unit::kCharacter) return unknown(), U'\0';
    i += size_t(unit.length);
    return code_point(pattern.substr(i - size_t(unit.length)));
  }

  static CharacterRanges only(char32_t c) { return {{c, c}}; }

  CharacterRanges nothing() {
    unknown();
    return {};
  }

  CharacterRanges both_cases(char32_t c) {
    if (c >= 0x80) return nothing();
    if (!std::isalpha(int(c))) return only(c);
    CharacterRanges all = {{c & ~0x20u, c & ~0x20u}, {c | 0x20u, c | 0x20u}};
    if ((c | 0x20) == 's') all.push_back({0x17F, 0x17F});    // long s
    if ((c | 0x20) == 'k') all.push_back({0x212A, 0x212A});  // the Kelvin sign
    return all;
  }

  CharacterMask bit_of(const CharacterRanges& set) {  // equal sets share one
    const size_t at = size_t(std::find(sets.begin(), sets.end(), set) - sets.begin());
    if (at == CharacterMasks::kMostSets) return unknown(), 0;
    if (at == sets.size()) sets.push_back(set);
    return CharacterMask(1) << at;
  }

  std::string_view pattern;
  size_t i = 0;
  bool known = true;    // until something is not
  bool folded = false;  // inside (?i: )
  std::vector<CharacterRanges> sets;
  std::vector<Alternative> alternatives;
};

std::optional<RunExpression> RunExpression::parse(const std::string& pattern) {
  return Parser(pattern).expression();
}

}  // namespace seekling
