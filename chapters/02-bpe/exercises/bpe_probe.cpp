#include <numeric>

#include "probe.h"
#include "text/bpe.h"

namespace seekling {

namespace {

using Ids = std::vector<TokenId>;

// What a merge makes of a piece, from left to right.
Ids merged(const Ids& ids, const Merge& merge) {
  Ids out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool here = i + 1 < ids.size() && ids[i] == merge.left && ids[i + 1] == merge.right;
    out.push_back(here ? merge.result : ids[i]);
    i += here;
  }
  return out;
}

}  // namespace

void probe(Probe& probe) {
  std::array<TokenId, 256> bytes;
  std::iota(bytes.begin(), bytes.end(), 0);
  std::vector<std::string> pieces;
  std::vector<Ids> words;  // the same pieces, merged so far
  for (int i = 0; i < 20; ++i) {
    pieces.emplace_back();
    for (Index n = probe.between(20, 30); n > 0; --n)
      pieces.back() += char('a' + probe.rng.below(2));
    words.emplace_back(pieces.back().begin(), pieces.back().end());
  }
  std::vector<Merge> merges;  // each of a pair that occurs, so that each is of use
  while (merges.size() < 16) {
    const Ids& word = words[std::size_t(probe.rng.below(20))];
    if (word.size() < 2) continue;
    const std::size_t at = std::size_t(probe.rng.below(Index(word.size()) - 1));
    merges.push_back({word[at], word[at + 1], TokenId(256 + merges.size())});
    for (Ids& each : words) each = merged(each, merges.back());
  }
  const std::string inputs = text(pieces.size(), " pieces of the letters a and b, some others, ",
                                  merges.size(), " merges");
  // And what each known mistake stumbles over, at every seed, in letters of their own.
  const auto merge = [&](TokenId left, TokenId right) {
    merges.push_back({left, right, TokenId(256 + merges.size())});
    return merges.back().result;
  };
  merge('d', 'e'), merge('c', 'd');  // c de, though c d lies to the left and was there first
  merge('f', 'f');                   // ff f, not f ff
  merge('g', merge('h', 'i'));       // a new pair with the left neighbour
  merge(merge('j', 'k'), 'l');       // and with the right one
  for (const char* piece : {"cde", "fff", "ghi", "jkl"}) pieces.emplace_back(piece);
  probe.exercise("2.3", inputs, [&] {
    Bpe::Scratch scratch;
    for (const std::string& piece : pieces) {
      Ids ids;
      Bpe(bytes, merges).encode(piece, ids, scratch);
      probe.see_list("ids." + piece, ids, 0);
    }
  });
}

}  // namespace seekling
