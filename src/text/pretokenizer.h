// Pre-tokenization: cutting a text into pieces that BPE merges never cross.
//
// The stages run in order. Each stage splits every piece of the previous stage separately. Every
// match of its expression becomes a piece, and so does every gap between matches ("isolated" in
// tokenizer.json); or one of the two is left out ("removed"). Without a stage that removes, the
// pieces concatenated are the text.
// Sources: Hugging Face's tokenizers; the presets are GPT-2's (Radford et al. 2019), DeepSeek LLM's
// and V2's (arXiv:2401.02954 §2.1), and V3's (arXiv:2412.19437 §4.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/real.h"
#include "text/regex.h"
#include "unicode/unicode.h"

namespace seekling {

enum class PreTokenizerKind { kGpt2, kDeepseekV2, kDeepseekV3 };

// One entry of tokenizer.json's pre_tokenizer.
struct SplitStage {
  enum Kind { kSplit, kDigits, kByteLevel };
  Kind kind;
  std::string pattern = {};  // kSplit: Oniguruma's syntax, or the text itself if literal
  bool literal = false;
  bool removed = false;  // kSplit: matches are left out or, inverted, the gaps
  bool invert = false;
  bool individual_digits = true;  // kDigits: every \p{N} separately, or runs of them
  bool use_regex = false;         // kByteLevel: GPT-2's expression first
  bool trim_offsets = true;       // kByteLevel: for other programs only; no effect here
  bool add_prefix_space = false;  // kByteLevel as the only stage: puts a blank before the text

  bool operator==(const SplitStage&) const = default;
};

std::vector<SplitStage> split_stages(PreTokenizerKind kind);

class PreTokenizer {
 public:
  explicit PreTokenizer(PreTokenizerKind kind) : PreTokenizer(split_stages(kind)) {}
  explicit PreTokenizer(std::vector<SplitStage> stages);  // Error if one does not compile

  // A run of malformed bytes is a piece by itself, seen by no stage. The views point into `text`.
  std::vector<std::string_view> pieces(std::string_view text) const;

  // One level at a time, for who keeps results by piece: each(sub) for every piece of `piece`
  // at `level` (0 ... depth-1). `piece` is UTF-8 without malformed sequences.
  template <class Each>
  void split(Index level, std::string_view piece, Regex::Scratch& scratch, Each&& each) const;
  // The same from this level to the last: each(sub) for pieces that no stage splits any more.
  template <class Each>
  void split_from(Index level, std::string_view piece, Regex::Scratch& scratch, Each&& each) const;
  // A text of any bytes, cut into parts of `length` bytes or somewhat more, where a piece ends
  // whatever is around: the pieces of the parts are those of the text. One part if there is
  // no such place, or if a stage needs PCRE2.
  std::vector<std::string_view> parts(std::string_view text, size_t length) const;

  Index depth() const { return Index(splitters.size()); }

  const std::vector<SplitStage>& stages() const { return listed; }
  std::vector<std::string> patterns() const;  // of all stages, line ends spelled \r and \n

 private:
  bool ends_between(const char* left, const char* right) const;
  size_t cut_after(std::string_view text, size_t from) const;

  std::vector<SplitStage> listed;
  struct Splitter {
    Regex expression;
    bool gaps = true, matches = true;  // which of them are pieces
  };
  std::vector<Splitter> splitters;  // a ByteLevel without expression splits nothing and is not here
};

// valid(run) and malformed(run) for the alternating runs of well-formed
// and malformed bytes, in order.
template <class Valid, class Malformed>
void for_each_run(std::string_view text, Valid&& valid, Malformed&& malformed) {
  while (!text.empty()) {
    const auto good = size_t(valid_utf8_prefix(text));
    if (good > 0) valid(text.substr(0, good));
    text.remove_prefix(good);
    const auto bad = size_t(malformed_prefix(text));
    if (bad > 0) malformed(text.substr(0, bad));
    text.remove_prefix(bad);
  }
}

template <class Each>
void PreTokenizer::split(Index level, std::string_view piece, Regex::Scratch& scratch,
                         Each&& each) const {
  const auto part = [piece](Index begin, Index end) {
    return piece.substr(size_t(begin), size_t(end - begin));
  };
  const auto& [expression, gaps, matches] = splitters[size_t(level)];
  Index done = 0;
  for (Regex::Match match{}; expression.find(piece, done, match, scratch); done = match.end) {
    if (gaps && match.begin > done) each(part(done, match.begin));
    if (matches) each(part(match.begin, match.end));
    if (match.end == Index(piece.size())) return;
  }
  if (gaps) each(part(done, Index(piece.size())));
}

template <class Each>
void PreTokenizer::split_from(Index level, std::string_view piece, Regex::Scratch& scratch,
                              Each&& each) const {
  if (level == depth()) return each(piece);
  split(level, piece, scratch,
        [&](std::string_view sub) { split_from(level + 1, sub, scratch, each); });
}

}  // namespace seekling
