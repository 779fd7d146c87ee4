// Reading the generated tables.
#include "unicode/character_tables.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace seekling {

namespace {

#include "unicode/unicode_tables.inc"

std::vector<CategoryRun> read_category_runs() {
  std::vector<CategoryRun> runs;
  char32_t next = 0;
  for (size_t at = 0; at < kCategories.size(); at = kCategories.find(' ', at) + 1) {
    const auto length = char32_t(std::strtoul(kCategories.data() + at + 2, nullptr, 10));
    runs.push_back({kCategories.substr(at, 2), {next, next + length - 1}});
    next += length;
  }
  return runs;
}

template <size_t n>
void add_decompositions(const char32_t (&table)[n],
                        std::unordered_map<char32_t, std::u32string>& into,
                        std::vector<char32_t>* order) {
  for (size_t at = 0; at < n; ++at) {
    const char32_t whole = table[at++];
    std::u32string& parts = into[whole];
    while (table[at] != 0) parts += table[at++];
    if (order) order->push_back(whole);
  }
}

struct Decompositions {
  std::unordered_map<char32_t, std::u32string> parts;
  std::vector<char32_t> composed;

  Decompositions() {
    add_decompositions(kComposed, parts, &composed);
    add_decompositions(kDecomposed, parts, nullptr);
  }
};

const Decompositions& all_decompositions() {
  static const Decompositions all;
  return all;
}

}  // namespace

std::string_view unicode_version() { return kUnicodeVersion; }
std::string_view more_digits() { return kMoreDigits; }

const std::vector<CategoryRun>& category_runs() {
  static const std::vector<CategoryRun> runs = read_category_runs();
  return runs;
}

CharacterRanges category(std::string_view name) {
  CharacterRanges ranges;
  if (name.empty()) return ranges;
  for (const CategoryRun& run : category_runs()) {
    if (!run.name.starts_with(name)) continue;
    if (!ranges.empty() && ranges.back().last + 1 == run.range.first)
      ranges.back().last = run.range.last;
    else ranges.push_back(run.range);
  }
  return ranges;
}

const CharacterRanges& white_space() {
  static const CharacterRanges ranges = {
      {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
      {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  return ranges;
}

CharacterRanges in_order(CharacterRanges ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  CharacterRanges joined;
  for (const CharacterRange& range : ranges)
    if (joined.empty() || range.first > joined.back().last + 1) joined.push_back(range);
    else joined.back().last = std::max(joined.back().last, range.last);
  return joined;
}

CharacterRanges complement(const CharacterRanges& members) {
  CharacterRanges out;
  char32_t next = 0;
  for (const CharacterRange& range : members) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) out.push_back({next, kLastCodePoint});
  return out;
}

const std::unordered_map<char32_t, std::u32string>& decompositions() {
  return all_decompositions().parts;
}

const std::vector<char32_t>& composed() { return all_decompositions().composed; }

int combining_class(char32_t c) {
  constexpr size_t kRanges = std::size(kCombining) / 3;
  size_t low = 0, high = kRanges;  // the first range that does not end before c
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (kCombining[3 * middle + 1] < c) low = middle + 1;
    else high = middle;
  }
  return low < kRanges && kCombining[3 * low] <= c ? int(kCombining[3 * low + 2]) : 0;
}

}  // namespace seekling
