#include "clean/language.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <unordered_map>

#include "core/real.h"
#include "repeats/characters.h"
#include "repeats/words.h"

namespace seekling {

namespace {

constexpr std::size_t kRead = 20'000;  // bytes: the beginning decides

struct LatinLanguage {
  const char *name, *words;  // words that make up a tenth to a third of any of its texts
};
constexpr LatinLanguage kLatin[] = {
    {"en", "the of and to in is that it was for he with as his she her you had be not"},
    {"de", "der die und das ist nicht ein eine zu den mit sich von auf für dem im auch es er"},
    {"fr", "le la les des et est une un dans que pour pas qui il elle au sur du ce en"},
    {"es", "el la los las una un que en por con para es del se no lo su al y más"},
    {"it", "il la che di per non una un sono del con le è si da i della più nel gli"},
    {"pt", "não uma um os as com para que em do da é no na se por mais dos o e"},
    {"nl", "de het een van en niet dat is op te ik zijn voor met die er aan maar ook"}};

struct ScriptRange {
  char32_t first, last;
  const char* language;
};
constexpr ScriptRange kScripts[] = {
    {0x0370, 0x03FF, "el"}, {0x0400, 0x052F, "ru"}, {0x0590, 0x05FF, "he"}, {0x0600, 0x06FF, "ar"},
    {0x0750, 0x077F, "ar"}, {0x0900, 0x097F, "hi"}, {0x0E00, 0x0E7F, "th"}, {0x3040, 0x30FF, "ja"},
    {0x3400, 0x9FFF, "zh"}, {0xAC00, 0xD7A3, "ko"}};

const char* language_of_letter(char32_t c) {  // "" for Latin and others
  for (const ScriptRange& s : kScripts)
    if (s.first <= c && c <= s.last) return s.language;
  return "";
}

// For each frequent word, the languages that have it, as bits.
const std::unordered_map<std::uint64_t, unsigned>& frequent_words() {
  static const auto all = [] {
    std::unordered_map<std::uint64_t, unsigned> words;
    for (std::size_t i = 0; i < std::size(kLatin); ++i)
      for (const std::uint64_t word : word_hashes(kLatin[i].words)) words[word] |= 1u << i;
    return words;
  }();
  return all;
}

std::string latin_language(std::string_view text) {
  constexpr double kLeast = 0.08;  // of the words
  const auto words = word_hashes(text);
  std::array<Index, std::size(kLatin)> found{};
  for (const std::uint64_t word : words)
    if (const auto at = frequent_words().find(word); at != frequent_words().end())
      for (std::size_t i = 0; i < found.size(); ++i) found[i] += at->second >> i & 1;
  const auto best = std::ranges::max_element(found);
  const bool stands_out = double(*best) >= kLeast * double(words.size()) && *best > 0;
  return stands_out ? kLatin[best - found.begin()].name : "und";
}

}  // namespace

std::string language_of(std::string_view text) {
  text = text.substr(0, kRead);
  std::map<std::string_view, Index> letters;
  Index all = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_character(text, i);
    if (character_kinds()[c] == kBetweenWords || (c >= '0' && c <= '9')) continue;
    ++letters[language_of_letter(c)];
    ++all;
  }
  const Index kana = letters["ja"];
  if (kana * 20 > letters["zh"]) letters["ja"] += letters["zh"], letters["zh"] = 0;
  for (const auto& [language, count] : letters)
    if (!language.empty() && count * 2 > all) return std::string(language);
  return letters[""] * 2 > all ? latin_language(text) : "und";
}

}  // namespace seekling
