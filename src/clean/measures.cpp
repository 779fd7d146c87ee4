// n-grams as the Gopher paper counts them (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1): of
// the most frequent n-gram its length times its count; of duplicates each occurrence after the
// first, and none that overlaps the one counted before it.
#include "clean/measures.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "repeats/characters.h"
#include "repeats/lines.h"
#include "repeats/words.h"

namespace seekling {

namespace {

// How often a number was counted before; open addressing, because this is the inner loop.
class Counter {
 public:
  explicit Counter(std::size_t most) : slots(std::bit_ceil(2 * most + 2)), mask(slots.size() - 1) {}

  Index& operator[](std::uint64_t key) {
    std::size_t i = std::size_t(key) & mask;
    while (slots[i].count != 0 && slots[i].key != key) i = (i + 1) & mask;
    slots[i].key = key;
    return slots[i].count;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    Index count = 0;
  };
  std::vector<Slot> slots;
  std::size_t mask;
};

struct Word {
  std::uint64_t hash;
  Index length;  // characters
};

Index characters_in(std::string_view text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

template <class Visit>
void for_each_blank_word(std::string_view text, const Visit& visit) {
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = begin;
    while (end < text.size() && !is_white(text[end])) ++end;
    if (end > begin) visit(text.substr(begin, end - begin));
  }
}

struct Letters {  // of a word
  bool any = false, letter = false;
  Index with_blanks = 0, without_blanks = 0;

  explicit Letters(std::string_view word) {
    const std::vector<std::uint8_t>& kinds = character_kinds();
    for (std::size_t i = 0; i < word.size();) {
      const char32_t c = next_character(word, i);
      if (kinds[c] == kBetweenWords) continue;
      any = true;
      letter = letter || c < '0' || c > '9';
      ++(kinds[c] == kWholeWord ? without_blanks : with_blanks);
    }
  }
};

bool is_stop_word(std::string_view word) {
  static constexpr std::string_view kStop[] = {"the", "be",   "to",   "of",
                                               "and", "that", "have", "with"};
  return std::ranges::find(kStop, word) != std::end(kStop);
}

// Of words, their kinds and lengths; fills `words` for the n-grams.
void measure_words(std::string_view text, Measures& m, std::vector<Word>& words) {
  Index length = 0, counted = 0, hashes = 0, ellipses = 0, alphabetic = 0, with = 0, without = 0;
  Counter stop_words(8);
  for_each_blank_word(text, [&](std::string_view word) {
    const Index characters = characters_in(word);
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    words.push_back({mixed(hash), characters});
    const Letters letters(word);
    if (letters.any) length += characters, ++counted;
    alphabetic += letters.letter;
    with += letters.with_blanks, without += letters.without_blanks;
    hashes += std::ranges::count(word, '#');
    for (std::size_t at = 0; (at = word.find("...", at)) != word.npos; at += 3) ++ellipses;
    for (std::size_t at = 0; (at = word.find("…", at)) != word.npos; at += 3) ++ellipses;
    if (is_stop_word(word) && ++stop_words[hash] == 1) ++m.stop_words;
  });
  const double n = std::max(1.0, double(words.size()));
  m.words = double(words.size());
  m.mean_word_length = double(length) / std::max(1.0, double(counted));
  m.hashes = double(hashes) / n, m.ellipses = double(ellipses) / n;
  m.alphabetic_words = double(alphabetic) / n;
  m.with_blanks = with >= without;
}

double top_ngram(const std::vector<Word>& words, std::size_t n, double characters) {
  Counter counts(words.size());
  Index most = 0, length_of_most = 0;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    std::uint64_t key = 0;
    Index length = 0;
    for (std::size_t k = i; k < i + n; ++k)
      key = mixed(key ^ words[k].hash), length += words[k].length;
    const Index count = ++counts[key];
    if (count > most || (count == most && length > length_of_most))
      most = count, length_of_most = length;
  }
  return most < 2 ? 0 : double(most * length_of_most) / characters;
}

double duplicate_ngrams(const std::vector<Word>& words, std::size_t n, double characters) {
  std::vector<std::uint64_t> hashes;
  for (const Word& word : words) hashes.push_back(word.hash);
  if (words.size() < n) return 0;
  const std::vector<std::uint64_t> ngrams = ngram_hashes(hashes, Index(n));
  Counter seen(ngrams.size());
  Index repeated = 0;
  for (std::size_t i = 0; i < ngrams.size();) {
    const bool again = seen[ngrams[i]]++ > 0;
    if (again)
      for (std::size_t k = i; k < i + n; ++k) repeated += words[k].length;
    i += again ? n : 1;
  }
  return double(repeated) / characters;
}

void measure_lines(std::string_view text, Measures& m) {
  Index lines = 0, bullets = 0, ellipses = 0, punctuated = 0, brief = 0, again = 0,
        again_characters = 0, characters = 0;
  Counter seen(std::size_t(std::ranges::count(text, '\n')) + 1);
  for_each_line(text, [&](std::string_view whole) {
    const std::string_view line = without_blanks_around(whole);
    if (line.empty()) return;
    constexpr Index kShort = 30;
    const Index length = characters_in(line);
    ++lines;
    characters += length;
    bullets += line.starts_with("•") || line.starts_with("-") || line.starts_with("*");
    ellipses += line.ends_with("...") || line.ends_with("…");
    punctuated += ends_sentence(line);
    brief += length < kShort;
    if (seen[text_hash(line)]++ > 0) ++again, again_characters += length;
  });
  const double n = std::max(1.0, double(lines));
  m.bullet_lines = double(bullets) / n, m.ellipsis_lines = double(ellipses) / n;
  m.punctuated_lines = double(punctuated) / n, m.short_lines = double(brief) / n;
  m.duplicate_lines = double(again) / n;
  m.duplicate_line_characters = double(again_characters) / std::max(1.0, double(characters));
}

void measure_paragraphs(std::string_view text, Measures& m) {
  constexpr std::string_view kBorder = "\n\n";
  std::vector<std::string_view> paragraphs;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + kBorder.size()) {
    end = std::min(text.find(kBorder, begin), text.size());
    const auto paragraph = without_blanks_around(text.substr(begin, end - begin));
    if (!paragraph.empty()) paragraphs.push_back(paragraph);
  }
  Index again = 0, again_characters = 0, characters = 0;
  Counter seen(paragraphs.size());
  for (const std::string_view paragraph : paragraphs) {
    const Index length = characters_in(paragraph);
    characters += length;
    if (seen[text_hash(paragraph)]++ > 0) ++again, again_characters += length;
  }
  m.duplicate_paragraphs = double(again) / std::max(1.0, double(paragraphs.size()));
  m.duplicate_paragraph_characters = double(again_characters) / std::max(1.0, double(characters));
}

Index occurrences(std::string_view text, std::string_view phrase) {  // small letters of ASCII
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  Index n = 0;
  for (auto at = text.begin();
       (at = std::search(at, text.end(), phrase.begin(), phrase.end(), same)) != text.end(); ++at)
    ++n;
  return n;
}

// Ends of sentences: punctuation before white space or the end of the text.
Index sentences_in(std::string_view text) {
  Index n = 0;
  for_each_blank_word(text, [&](std::string_view word) { n += ends_sentence(word); });
  for (const std::string_view end : {"。", "！", "？"}) n += occurrences(text, end);
  return n;
}

}  // namespace

bool ends_sentence(std::string_view line) {
  line = without_blanks_around(line);
  const auto ends_in_one_of = [&](std::initializer_list<std::string_view> ends) {
    const auto end =
        std::ranges::find_if(ends, [&](std::string_view e) { return line.ends_with(e); });
    return end == ends.end() ? std::string_view() : *end;
  };
  line.remove_suffix(ends_in_one_of({"\"", "'", ")", "”", "’", "»", "」", "』"}).size());
  return !ends_in_one_of({".", "!", "?", "…", "。", "！", "？"}).empty();
}

Measures measures_of(std::string_view text) {
  Measures m;
  std::vector<Word> words;
  measure_words(text, m, words);
  measure_lines(text, m);
  measure_paragraphs(text, m);
  double characters = 0;
  for (const Word& word : words) characters += double(word.length);
  characters = std::max(1.0, characters);
  m.top_2gram = top_ngram(words, 2, characters);
  m.top_3gram = top_ngram(words, 3, characters);
  m.top_4gram = top_ngram(words, 4, characters);
  m.duplicate_5grams = duplicate_ngrams(words, 5, characters);
  m.duplicate_6grams = duplicate_ngrams(words, 6, characters);
  m.duplicate_7grams = duplicate_ngrams(words, 7, characters);
  m.duplicate_8grams = duplicate_ngrams(words, 8, characters);
  m.duplicate_9grams = duplicate_ngrams(words, 9, characters);
  m.duplicate_10grams = duplicate_ngrams(words, 10, characters);
  m.sentences = double(sentences_in(text));
  m.lorem_ipsum = double(occurrences(text, "lorem ipsum"));
  m.curly_brackets = double(std::ranges::count(text, '{'));
  return m;
}

}  // namespace seekling
