// Decompose, put marks in order, compose (The Unicode Standard, §3.11). Hangul syllables are
// computed (§3.12), everything else is looked up. Text below U+0300 is in the form already.
#include "text/nfc.h"

#include <algorithm>
#include <map>
#include <utility>

#include "text/pretokenizer.h"
#include "unicode/character_tables.h"

namespace seekling {

namespace {

struct Hangul {  // a syllable is a leading consonant, a vowel and perhaps a trailing consonant
  static constexpr char32_t kS = 0xAC00, kL = 0x1100, kV = 0x1161, kT = 0x11A7;
  static constexpr char32_t kLs = 19, kVs = 21, kTs = 28, kSyllables = kLs * kVs * kTs;

  static bool is_syllable(char32_t c) { return kS <= c && c < kS + kSyllables; }
  static std::u32string parts(char32_t c) {
    const char32_t s = c - kS, t = s % kTs;
    std::u32string out{kL + s / (kVs * kTs), kV + s / kTs % kVs};
    if (t > 0) out += kT + t;
    return out;
  }
  static char32_t compose(char32_t a, char32_t b) {  // 0: they do not
    if (kL <= a && a < kL + kLs && kV <= b && b < kV + kVs)
      return kS + ((a - kL) * kVs + b - kV) * kTs;
    if (is_syllable(a) && (a - kS) % kTs == 0 && kT < b && b < kT + kTs) return a + (b - kT);
    return 0;
  }
};

using Pairs = std::map<std::pair<char32_t, char32_t>, char32_t>;

const Pairs& pairs() {  // the parts of é: e and ´; of ế: ê and ´
  static const Pairs all = [] {
    Pairs made;
    for (const char32_t whole : composed()) {
      const std::u32string& parts = decompositions().at(whole);
      char32_t first = parts[0];
      for (size_t i = 1; i + 1 < parts.size(); ++i) first = made.at({first, parts[i]});
      made[{first, parts.back()}] = whole;
    }
    return made;
  }();
  return all;
}

char32_t compose_pair(char32_t a, char32_t b) {
  if (const char32_t syllable = Hangul::compose(a, b)) return syllable;
  const auto found = pairs().find({a, b});
  return found == pairs().end() ? 0 : found->second;
}

std::u32string decomposed(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const auto length = size_t(next_utf8(text).length);
    const char32_t c = code_point(text.substr(0, length));
    text.remove_prefix(length);
    const auto found = decompositions().find(c);
    if (Hangul::is_syllable(c)) out += Hangul::parts(c);
    else if (found != decompositions().end()) out += found->second;
    else out += c;
  }
  return out;
}

void put_marks_in_order(std::u32string& text) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && combining_class(text[end]) != 0) ++end;
    std::stable_sort(
        text.begin() + std::ptrdiff_t(begin), text.begin() + std::ptrdiff_t(end),
        [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    begin = end + 1;
  }
}

// A mark joins the last starter unless a mark of its own class, or a starter, is between them.
std::u32string composed_text(const std::u32string& text) {
  std::u32string out;
  size_t starter = std::u32string::npos;
  int before = 0;  // the class of out's last character
  for (const char32_t c : text) {
    const int own = combining_class(c);
    if (starter != std::u32string::npos) {
      const bool adjacent = starter + 1 == out.size();
      const char32_t whole =
          adjacent || (before != 0 && before < own) ? compose_pair(out[starter], c) : 0;
      if (whole != 0) {
        out[starter] = whole;
        continue;
      }
    }
    if (own == 0) starter = out.size();
    before = own;
    out += c;
  }
  return out;
}

bool is_normal(std::string_view text) {  // every character is below U+0300, whose lead byte is CC
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

}  // namespace

std::string nfc(std::string_view text) {
  if (is_normal(text)) return std::string(text);
  std::string out;
  for_each_run(
      text,
      [&](std::string_view run) {
        if (is_normal(run)) return void(out += run);
        std::u32string characters = decomposed(run);
        put_marks_in_order(characters);
        for (const char32_t c : composed_text(characters)) append_utf8(out, c);
      },
      [&](std::string_view run) { out += run; });
  return out;
}

}  // namespace seekling
