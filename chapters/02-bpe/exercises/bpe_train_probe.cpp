#include "probe.h"
#include "text/bpe_train.h"

namespace seekling {

namespace {

// Random words of few letters: many pairs have equal counts, and letters repeat within a word.
// And words of other letters that bring about, at every seed, what a wrong trainer stumbles over.
// They are more frequent than any random pair can be.
std::vector<std::string> words(Rng& rng) {
  std::vector<std::string> out;
  const auto add = [&](Index count, const std::string& word) {
    out.insert(out.end(), std::size_t(count), word);
  };
  for (int i = 0; i < 40; ++i) {
    std::string word;
    for (Index n = 2 + rng.below(7); n > 0; --n) word += char('a' + rng.below(3));
    add(1 + rng.below(2), word);  // 2 · 40 words with 7 pairs: no pair more than 560 times
  }
  // L m merged, the candidate m n is out of date: as third merge ...
  add(1200, "jk"), add(1000, "lmn");
  add(900, "op"), add(800, "qrs");  // ... and r s as sixth
  // Equal counts: d i comes first, e g has the smallest right letter.
  add(700, "di"), add(700, "eg"), add(700, "fh");
  add(650, "ABCD");  // C D is merged between A B and nothing
  add(3, "tu");
  add(2, "EFGHIJKLMNOPQRSTUVWXYZ");  // so that 30 merges are not all
  return out;
}

void see_merges(Probe& probe, const std::vector<std::string>& documents, Index vocab_size,
                Index min_frequency) {
  const Tokenizer tokenizer =
      train_bpe(documents, {vocab_size, min_frequency, {}, PreTokenizerKind::kGpt2});
  std::vector<TokenId> ids;
  for (const Merge& merge : tokenizer.parts().merges)
    ids.insert(ids.end(), {merge.left, merge.right, merge.result});
  probe.see_list(text("merges.", vocab_size), ids, 0);
}

}  // namespace

void probe(Probe& probe) {
  const std::vector<std::string> documents = words(probe.rng);
  const std::string inputs =
      text(documents.size(), " words of the letters a, b, c; merges as left, right, result");
  probe.exercise("2.1a", inputs, [&] { see_merges(probe, documents, 256 + 30, 2); });
  probe.exercise("2.1b", inputs + ", up to 286 tokens and up to the last pair that occurs 3 times",
                 [&] {
                   see_merges(probe, documents, 256 + 30, 2);
                   see_merges(probe, documents, 2000, 3);
                 });
  probe.exercise("2.2", inputs, [&] { see_merges(probe, documents, 256 + 60, 2); });
}

}  // namespace seekling
