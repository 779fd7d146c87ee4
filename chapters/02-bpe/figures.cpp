// merges.svg: the four words of the chapter's example, before the first merge
// and after each of four.
#include "svg.h"
#include "text/bpe_train.h"

using namespace seekling;

int main() {
  const std::vector<std::pair<std::string, int>> words{
      {"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}};
  std::vector<std::string> documents;
  for (const auto& [word, count] : words)
    documents.insert(documents.end(), std::size_t(count), word);

  Svg picture(760, 250);
  double left = 130;
  for (const auto& [word, count] : words) {
    picture.write(left, 24, text(count, " times"));
    left += 24. * double(word.size()) + 40;
  }
  for (Index merges = 0; merges <= 4; ++merges) {
    const BpeTraining training{
        .vocab_size = 256 + merges, .specials = {}, .pre_tokenizer = PreTokenizerKind::kGpt2};
    const Tokenizer tokenizer = train_bpe(documents, training);
    const TokenId newest = merges > 0 ? tokenizer.parts().merges.back().result : -1;
    const double y = 40 + 42. * double(merges);
    picture.write(12, y + 19,
                  merges == 0 ? "bytes" : text("merge ", merges, ": ", tokenizer.bytes(newest)));
    left = 130;
    for (const auto& [word, count] : words) {
      double x = left;
      for (const TokenId id : tokenizer.encode(word)) {
        const std::string token(tokenizer.bytes(id));
        const double width = 24. * double(token.size());
        picture.box(x, y, width - 3, 28, id == newest ? "#a1d99b" : "#f2f2f2", "#666666");
        picture.write(x + width / 2 - 1.5, y + 19, token, "middle");
        x += width;
      }
      left += 24. * double(word.size()) + 40;
    }
  }
  picture.save("merges.svg");
}
