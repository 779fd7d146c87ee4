#include "data/tokenize.h"

#include <algorithm>

#include "core/check.h"
#include "text/tokenizer_json.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

// Hands on documents a few megabytes at a time.
void in_groups(const ForEachDocument& documents,
               const std::function<void(const std::vector<std::string>&)>& use) {
  constexpr std::size_t kGroup = 8 << 20;
  std::vector<std::string> group;
  std::size_t bytes = 0;
  documents([&](std::string_view document) {
    group.emplace_back(document);
    if ((bytes += document.size()) < kGroup) return;
    use(group);
    group.clear();
    bytes = 0;
  });
  if (!group.empty()) use(group);
}

}  // namespace

void say_what_is_odd(const Corpus& corpus, Index malformed, const Say& say) {
  constexpr std::size_t kNamed = 5;
  const auto& skipped = corpus.skipped();
  if (!skipped.empty()) {
    std::string note = "note: skipped, because they are not .txt, .md or .jsonl:";
    for (std::size_t i = 0; i < std::min(skipped.size(), kNamed); ++i)
      note += " " + skipped[i].string();
    if (skipped.size() > kNamed) note += text(", and ", skipped.size() - kNamed, " more");
    say(note);
  }
  if (malformed > 0)
    say(text("note: --data: ", malformed, " sequences are not UTF-8; they are kept as bytes"));
}

Learned learn_tokenizer(const ForEachDocument& documents, const BpeTraining& training) {
  PieceCounts pieces(training.pre_tokenizer);
  in_groups(documents, [&](const std::vector<std::string>& group) { pieces.add(group); });
  return {train_bpe(pieces, training), pieces.malformed()};
}

std::uint64_t fingerprint(const Tokenizer& tokenizer) {  // FNV-1a of what would be written
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : tokenizer_json_without_bos(tokenizer))
    hash = (hash ^ std::uint8_t(c)) * 0x100000001B3;
  return hash;
}

Index write_tokens(const std::filesystem::path& path, const Tokenizer& tokenizer,
                   const ForEachDocument& documents) {
  TokenWriter writer(path, tokenizer.vocab_size(), fingerprint(tokenizer));
  Index malformed = 0;
  in_groups(documents, [&](const std::vector<std::string>& group) {
    const auto encoded = tokenizer.encode_batch(group, /*specials=*/true);
    for (std::size_t i = 0; i < group.size(); ++i) {
      std::vector<TokenId> ids{tokenizer.bos()};
      ids.insert(ids.end(), encoded[i].begin(), encoded[i].end());
      ids.push_back(tokenizer.eos());
      writer.append(ids, Index(group[i].size()));
      malformed += count_malformed(group[i]);
    }
  });
  writer.finish();
  return malformed;
}

}  // namespace seekling
