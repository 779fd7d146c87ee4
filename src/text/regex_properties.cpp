// Where the machine's PCRE2 has the table's version of Unicode, its own property is used; where it
// lacks characters, they are listed after it. Otherwise the whole category is listed, which is
// slower: PCRE2 goes through the ranges one by one.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex_properties.h"

#include <pcre2.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "unicode/character_tables.h"
#include "unicode/unicode.h"

namespace seekling {

std::string listed(const CharacterRanges& ranges) {
  std::string out;
  const auto add = [&](char32_t first, char32_t last) {
    char range[32];
    std::snprintf(range, sizeof range, "\\x{%x}-\\x{%x}", unsigned(first), unsigned(last));
    if (first <= last) out += range;
  };
  for (const auto& [first, last] : ranges) {
    add(first, std::min<char32_t>(last, 0xD7FF));
    add(std::max<char32_t>(first, 0xE000), last);
  }
  return out;
}

namespace {

std::string pcre2_unicode_version() {
  char version[64];
  return pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, version) > 0 ? version : "";
}

// The code points that are tried, in order: of a long assigned run, as of ideographs, only the two
// ends, because a version has such a run or lacks it; and nothing of the unassigned planes.
constexpr char32_t kLongRun = 1000;

const std::u32string& probes() {
  static const std::u32string all = [] {
    std::u32string out;
    for (const auto& [name, range] : category_runs()) {
      const bool is_long = range.last - range.first > kLongRun, unassigned = name == "Cn";
      const char32_t step = is_long && !unassigned ? range.last - range.first : 1;
      for (char32_t c = range.first; c <= range.last; c += step)
        if (name != "Cs" && (c < 0x40000 || !unassigned)) out += c;
    }
    return out;
  }();
  return all;
}

CharacterRange run_of(char32_t c) {
  const auto& runs = category_runs();
  const auto after = std::upper_bound(
      runs.begin(), runs.end(), c,
      [](char32_t point, const CategoryRun& run) { return point < run.range.first; });
  return std::prev(after)->range;
}

// For each probe whether PCRE2 has it in the property.
std::vector<bool> matched_by_pcre2(std::string_view property) {
  // Compile the property as a class.
  const std::string pattern = "\\p{" + std::string(property) + "}+";
  int error = 0;
  PCRE2_SIZE where = 0;
  const std::shared_ptr<pcre2_code> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP, &error, &where, nullptr),
      pcre2_code_free);
  const std::shared_ptr<pcre2_match_data> match(pcre2_match_data_create(1, nullptr),
                                                pcre2_match_data_free);
  std::vector<bool> matched(probes().size(), false);
  if (code == nullptr) return matched;
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);

  // Match it against a text of all probes: probes inside a match have the property.
  std::string text;
  for (const char32_t c : probes()) append_utf8(text, c);
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.get());
  size_t i = 0, at = 0;  // a probe, and its place in the text
  const auto pass = [&](size_t end, bool is_match) {
    for (; at < end; ++i) {
      matched[i] = is_match;
      at += size_t(next_utf8(std::string_view(text).substr(at)).length);
    }
  };
  while (at < text.size() &&
         pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                     PCRE2_NO_UTF_CHECK, match.get(), nullptr) >= 0) {
    pass(ends[0], false);
    pass(ends[1], true);
  }
  return matched;
}

std::string inside(std::string_view name) {
  const std::string property = "\\p{" + std::string(name) + "}";
  if (pcre2_unicode_version() == unicode_version()) return property;
  const CharacterRanges members = category(name);
  const std::vector<bool> matched = matched_by_pcre2(name);
  CharacterRanges missing;
  auto range = members.begin();
  for (size_t i = 0; i < probes().size(); ++i) {
    const char32_t c = probes()[i];
    while (range != members.end() && range->last < c) ++range;
    const bool is_member = range != members.end() && range->first <= c;
    if (matched[i] && !is_member) return listed(members);
    if (matched[i] || !is_member) continue;
    const CharacterRange run = run_of(c);
    if (run.last - run.first > kLongRun) missing.push_back(run);
    else if (!missing.empty() && missing.back().last + 1 == c) missing.back().last = c;
    else missing.push_back({c, c});
  }
  return property + listed(missing);
}

}  // namespace

std::string class_of_category(std::string_view name, bool others) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, bool>, std::string, std::less<>> known;
  if (category(name).empty()) return "";
  const std::lock_guard lock(mutex);
  std::string& text = known[{std::string(name), others}];
  if (text.empty()) text = others ? listed(complement(category(name))) : inside(name);
  return text;
}

}  // namespace seekling
