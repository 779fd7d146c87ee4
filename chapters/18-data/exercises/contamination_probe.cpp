#include "clean/contamination.h"
#include "probe.h"

namespace seekling {

namespace {

std::vector<std::string> random_words(Rng& rng, Index n) {
  std::vector<std::string> words;
  for (; n > 0; --n) words.push_back("w" + std::to_string(rng.below(1'000'000'000)));
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

}  // namespace

void probe(Probe& probe) {
  // Questions of 3 to 14 words; each is looked for alone, within other words, and cut short
  EvaluationSet set;
  std::vector<std::string> texts;
  for (Index n = 3; n <= 14; ++n) {
    const auto words = random_words(probe.rng, n);
    set.add(joined(words), std::to_string(n));
    const std::string before = joined(random_words(probe.rng, probe.between(1, 5))),
                      after = joined(random_words(probe.rng, probe.between(1, 5)));
    texts.push_back(joined(words));
    texts.push_back(before + joined(words) + after);
    texts.push_back(before + joined({words.begin() + 1, words.end()}));
  }
  texts.push_back(joined(random_words(probe.rng, 20)));
  texts.push_back("");
  probe.exercise(
      "18.2", "questions of 3 to 14 words, in texts and not; the words of what is found", [&] {
        for (std::size_t i = 0; i < texts.size(); ++i)
          probe.see(text("found[", i, "]"), std::stod(set.found_in(texts[i]).value_or("-1")), 0);
      });
}

}  // namespace seekling
