// Learning a vocabulary: first as one would explain it (plain_bpe.h), with a count of the work;
// then by the library, which must find the same merges; then what a larger vocabulary is worth.
#include <cstdio>

#include "plain_bpe.h"
#include "toy/world.h"

using namespace seekling;

static std::string shown(std::string_view bytes) {  // a token need not be whole characters
  if (count_malformed(bytes) == 0) return std::string(bytes);
  std::string hex;
  for (const char byte : bytes) {
    char two[8];
    std::snprintf(two, sizeof two, "%s%02X", hex.empty() ? "" : " ",
                  unsigned(static_cast<unsigned char>(byte)));
    hex += two;
  }
  return hex;
}

int main() {
  const ToyWorld world =
      make_toy_world({.documents = 5000, .heldout_documents = 500, .questions_per_kind = 0});
  std::vector<std::string> texts;
  for (const Document& d : world.train) texts.push_back(d.text);
  PieceCounts pieces(PreTokenizerKind::kDeepseekV3);
  pieces.add(texts);
  Index bytes = 0, occurrences = 0;
  for (const std::string& t : texts) bytes += Index(t.size());
  for (const auto& [piece, count] : pieces.counts()) occurrences += count;
  std::printf("%td bytes of text, %td pieces, %zu different ones\n", bytes, occurrences,
              pieces.counts().size());

  constexpr Index kMerges = 300;
  const auto train = [&](Index vocab_size) {
    return train_bpe(pieces, {.vocab_size = vocab_size, .specials = {}});
  };
  const Tokenizer tokenizer = train(256 + kMerges);
  const Learned naive = learn(pieces, kMerges, train(256));
  std::printf(
      "%td merges, by counting again: %td pairs looked at, of which %td in pieces that a merge "
      "changed\n",
      kMerges, naive.all_visits, naive.needed_visits);
  std::printf("the library's merges are %s\n",
              naive.merges == tokenizer.parts().merges ? "the same" : "others");

  std::printf("\nthe tokens that the first merges make:");
  for (Index i = 0; i < 12; ++i)
    std::printf(" [%s]",
                shown(tokenizer.bytes(tokenizer.parts().merges[std::size_t(i)].result)).c_str());
  std::printf("\n\nvocabulary   bytes a token, English   Japanese\n");
  for (const Index vocab_size : {256, 320, 512, 1024, 1536, 2048}) {
    const Tokenizer each = train(vocab_size);
    Index text_bytes[2] = {}, tokens[2] = {};
    for (const Document& d : world.heldout) {
      text_bytes[d.language == "ja"] += Index(d.text.size());
      tokens[d.language == "ja"] += Index(each.encode(d.text).size());
    }
    std::printf("%10td %24.2f %10.2f\n", vocab_size, double(text_bytes[0]) / double(tokens[0]),
                double(text_bytes[1]) / double(tokens[1]));
  }

  std::printf("\nwith 2048:");
  const Tokenizer large = train(2048);
  for (const char* text :
       {"Mina walked to the mill.", "Hello, world", "ミーナは水車小屋へ行きました。", "🙂"}) {
    std::printf("\n  ");
    for (const TokenId id : large.encode(text))
      std::printf(" [%s]", shown(large.bytes(id)).c_str());
  }
  std::printf("\n");
}
