// Fills the gaps of a sentence.
#include "toy/template.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

static std::string word(const std::string& gap, Language language, const Roles& roles) {
  const int people[] = {roles.A, roles.B, roles.C}, things[] = {roles.x, roles.y},
            places[] = {roles.p, roles.q, roles.r};
  const char c = gap.back();
  if (gap.size() == 1 && c >= 'A' && c <= 'C')
    return name(kPeople[std::size_t(people[c - 'A'])], language);
  if (gap.size() == 1 && c >= 'x' && c <= 'y')
    return name(kThings[std::size_t(things[c - 'x'])], language);
  if (gap.size() == 1 && c >= 'p' && c <= 'r')
    return name(kPlaces[std::size_t(places[c - 'p'])], language);
  if (gap.starts_with("a ")) return a_thing(things[c - 'x']);
  if (gap.starts_with("in ")) return in_place(places[c - 'p']);
  const bool girl = kPeople[std::size_t(roles.A)].girl, english = language == Language::english;
  if (gap == "she") return girl ? "she" : "he";
  if (gap == "She") return girl ? "She" : "He";
  if (gap == "her") return girl ? "her" : "his";
  if (gap == "girl") return english ? (girl ? "girl" : "boy") : (girl ? "女の子" : "男の子");
  throw Error(text("toy template: no gap is called {", gap, "}"));
}

std::string fill(const std::string& sentence, Language language, const Roles& roles) {
  std::string out;
  for (std::size_t i = 0; i < sentence.size();) {
    const std::size_t open = std::min(sentence.find('{', i), sentence.size());
    out.append(sentence, i, open - i);
    if (open == sentence.size()) break;
    const std::size_t close = sentence.find('}', open);
    out += word(sentence.substr(open + 1, close - open - 1), language, roles);
    i = close + 1;
  }
  return out;
}

std::string told(const Telling& telling, Language language, const Roles& roles, Rng& rng) {
  return fill(pick(language == Language::english ? telling.english : telling.japanese, rng),
              language, roles);
}

void append_sentence(std::string& text, const std::string& sentence, Language language) {
  if (language == Language::english && !text.empty()) text += " ";
  text += sentence;
}

}  // namespace seekling
