#include "data/bpe_train.h"
#include "probe.h"

namespace seekling {

namespace {

// Words of few letters, some of them often: many pairs have equal counts, and letters repeat within a word.
std::vector<std::string> words(Rng& rng) {
  std::vector<std::string> out;
  for (int i = 0; i < 40; ++i) {
    std::string word;
    for (Index n = 2 + rng.below(7); n > 0; --n) word += char('a' + rng.below(3));
    for (Index n = 1 + rng.below(4); n > 0; --n) out.push_back(word);
  }
  return out;
}

void see_merges(Probe& probe, const std::vector<std::string>& documents, Index vocab_size, Index min_frequency) {
  const Tokenizer tokenizer = train_bpe(documents, {vocab_size, min_frequency, {}, PreTokenizerKind::kGpt2});
  std::vector<TokenId> ids;
  for (const Merge& merge : tokenizer.parts().merges) ids.insert(ids.end(), {merge.left, merge.right, merge.result});
  probe.see_list(text("merges.", vocab_size), ids, 0);
}

}  // namespace

void probe(Probe& probe) {
  const std::vector<std::string> documents = words(probe.rng);
  const std::string inputs = text(documents.size(), " words of the letters a, b, c; merges as left, right, result");
  probe.exercise("2.1", inputs, [&] { see_merges(probe, documents, 256 + 30, 2); });
  probe.exercise("2.2", inputs + ", up to 286 tokens and up to the last pair that occurs 3 times", [&] {
    see_merges(probe, documents, 256 + 30, 2);
    see_merges(probe, documents, 2000, 3);
  });
  probe.exercise("2.3", inputs, [&] { see_merges(probe, documents, 256 + 60, 2); });
}

}  // namespace seekling
