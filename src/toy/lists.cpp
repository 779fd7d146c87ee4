// Each exercise is drawn until its content is on the right side of the split. Items are preceded by
// a blank in the question as in the answer, so that one item is the same token wherever it stands.
#include "toy/lists.h"

#include <algorithm>

#include "toy/village.h"

namespace seekling {

using Words = std::vector<std::string>;

static std::string joined(const Words& words) {  // " 3 1 7"
  std::string out;
  for (const std::string& word : words) out += " " + word;
  return out;
}

static std::string ask(const char* english, const char* japanese, Language language,
                       const std::string& content) {
  return std::string(language == Language::english ? english : japanese) + ":" + content;
}

static Words characters(char first, char last) {
  Words out;
  for (char c = first; c <= last; ++c) out.emplace_back(1, c);
  return out;
}

// 3 to 6 of the words, all different: with repeats, "what follows the 3?"
// would have no single answer.
static Words draw(Words words, Rng& rng) {
  shuffle(words, rng);
  words.resize(std::size_t(3 + rng.below(4)));
  return words;
}

static const Words& digits() {
  static const Words list = characters('0', '9');
  return list;
}

static const Words& letters() {
  static const Words list = characters('A', 'L');
  return list;
}

static Words village_words(Language language) {
  Words out;
  for (const Place& place : kPlaces) out.emplace_back(name(place, language));
  for (const Thing& thing : kThings) out.emplace_back(name(thing, language));
  return out;
}

static const Words& words_of(Language language) {
  static const Words english = village_words(Language::english),
                     japanese = village_words(Language::japanese);
  return language == Language::english ? english : japanese;
}

// The content is the sequence. Words are split by their own language's spelling:
// the other spelling is another text.
Turn copy_turn(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    const Index which = rng.below(3);
    const std::string items = joined(draw(which == 0   ? digits()
                                          : which == 1 ? letters()
                                                       : words_of(language),
                                          rng));
    if (split.allows("copy" + items)) return {"copy", ask("Copy", "写す", language, items), items};
  }
}

// The content is the sorted sequence: no order in which its items might be given
// is seen in training.
Turn sort_turn(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    const Words items = draw(chance(50, rng) ? digits() : letters(), rng);
    Words sorted = items;
    std::sort(sorted.begin(), sorted.end());
    if (split.allows("sort" + joined(sorted)))
      return {"sort", ask("Sort", "並べる", language, joined(items)), joined(sorted)};
  }
}

// Half of the operands have one digit, the others are below 50. The content
// is the pair without its order.
Turn sum_turn(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    const Index a = rng.below(chance(50, rng) ? 10 : 50), b = rng.below(chance(50, rng) ? 10 : 50);
    const std::string pair =
        " " + std::to_string(std::min(a, b)) + " " + std::to_string(std::max(a, b));
    const std::string operands = " " + std::to_string(a) + " + " + std::to_string(b);
    if (split.allows("sum" + pair))
      return {"sum", ask("Sum", "足す", language, operands), " " + std::to_string(a + b)};
  }
}

// 3 to 8 brackets that open, or close the last open one, with 1 to 4 left open at the end.
static Words open_brackets(Words& closing, Rng& rng) {
  static constexpr const char *kOpen[] = {"(", "[", "{"}, *kClose[] = {")", "]", "}"};
  Words out;
  closing.clear();
  for (Index left = 3 + rng.below(6); left > 0; --left) {
    if (!closing.empty() && (closing.size() == 4 || chance(35, rng))) {
      out.push_back(closing.back());
      closing.pop_back();
    } else {
      const Index kind = rng.below(3);
      out.emplace_back(kOpen[kind]);
      closing.emplace_back(kClose[kind]);
    }
  }
  return out;
}

// The content is the sequence to be closed.
Turn brackets_turn(Language language, const ToySplit& split, Rng& rng) {
  for (;;) {
    Words closing;
    const std::string given = joined(open_brackets(closing, rng));
    std::reverse(closing.begin(), closing.end());  // the last to open is the first to close
    if (!closing.empty() && split.allows("brackets" + given))
      return {"brackets", ask("Close", "閉じる", language, given), joined(closing)};
  }
}

}  // namespace seekling
