// Byte-pair encoding of short pieces: ids and the ranks of their pairs are in two arrays, and a
// linear scan finds the lowest rank. That takes at most n² / 2 steps, but each compares neighbours
// in the L1 cache, several at a time, while the heap and the linked list of bpe.cpp access memory
// at random. For pieces of text the scan is faster.
//
// Most multi-byte characters need no merges: if the bytes of a character become one token whatever
// their neighbours are, encoding starts with this token (`atoms`). This holds if all merges that
// combine a part of the character, or its token, with something outside have higher ranks than the
// character's own merges. While the character is incomplete, one of its own merges is pending; any
// merge done before that has a lower rank and so does not touch the character. Doing the
// character's own merges first therefore changes nothing.
#include <algorithm>
#include <limits>
#include <string>

#include "text/bpe.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

constexpr size_t kLongest = 192;
constexpr std::int32_t kNoMerge = std::numeric_limits<std::int32_t>::max();
constexpr char32_t kFirstAtom = 0x80, kEndOfAtoms = 0x10000;  // characters of two or three bytes

size_t place_of_least(const std::int32_t* ranks, size_t n) {  // the leftmost of equals
  std::int32_t least = kNoMerge;
  for (size_t i = 0; i < n; ++i) least = std::min(least, ranks[i]);
  return size_t(std::find(ranks, ranks + n, least) - ranks);
}

template <class T>
void erase(T* values, size_t at, size_t n) {
  std::copy(values + at + 1, values + n, values + at);
}

// By token: the lowest rank of a merge in which it is the left part, and the right part.
struct LowestRanks {
  std::vector<std::int32_t> as_left, as_right;

  explicit LowestRanks(const std::vector<Merge>& merges) {
    for (std::int32_t rank = std::int32_t(merges.size()); rank-- > 0;) {
      at(as_left, merges[size_t(rank)].left) = rank;
      at(as_right, merges[size_t(rank)].right) = rank;
    }
  }
  static std::int32_t& at(std::vector<std::int32_t>& ranks, TokenId id) {
    if (size_t(id) >= ranks.size()) ranks.resize(size_t(id) + 1, kNoMerge);
    return ranks[size_t(id)];
  }
};

}  // namespace

// The token that the bytes of a character become whatever is beside them; kNoToken if there is
// none.
TokenId Bpe::atom(std::string_view character, const RankOf& lowest_outside) const {
  std::vector<TokenId> symbols;
  for (const char c : character) symbols.push_back(byte_ids[static_cast<unsigned char>(c)]);
  std::int32_t outside = kNoMerge, own = -1;
  while (true) {
    if (std::find(symbols.begin(), symbols.end(), kNoToken) != symbols.end()) return kNoToken;
    outside = std::min(outside, lowest_outside(symbols.front(), symbols.back()));
    if (symbols.size() == 1) return own < outside ? symbols[0] : kNoToken;
    const Slot* best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      if (const Slot* merge = find(symbols[i], symbols[i + 1]))
        if (best == nullptr || merge->rank < best->rank) best = merge, at = i;
    if (best == nullptr) return kNoToken;
    own = std::max(own, best->rank);
    symbols[at] = best->result;
    symbols.erase(symbols.begin() + std::ptrdiff_t(at) + 1);
  }
}

void Bpe::find_atoms(const std::vector<Merge>& merges) {
  LowestRanks lowest(merges);
  const auto lowest_outside = [&](TokenId first, TokenId last) {
    return std::min(LowestRanks::at(lowest.as_right, first), LowestRanks::at(lowest.as_left, last));
  };
  atoms.assign(kEndOfAtoms, kNoToken);
  std::string character;
  for (char32_t c = kFirstAtom; c < kEndOfAtoms; ++c) {
    if (0xD800 <= c && c < 0xE000) continue;  // surrogates are not characters
    character.clear();
    append_utf8(character, c);
    const TokenId first = byte_ids[static_cast<unsigned char>(character[0])];
    const bool merges_once = first != kNoToken && LowestRanks::at(lowest.as_left, first) < kNoMerge;
    if (merges_once) atoms[c] = atom(character, lowest_outside);
  }
}

// The symbols that encoding starts with; false if a byte has no token.
bool Bpe::first_symbols(std::string_view piece, TokenId* symbols, size_t& n) const {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(piece[i]); };
  const auto more = [&](size_t i) { return char32_t(byte(i) & 0x3F); };
  for (size_t i = 0; i < piece.size();) {
    TokenId whole = kNoToken;
    size_t length = 1;
    if (byte(i) >= 0xE0 && byte(i) < 0xF0) {
      whole = atoms[char32_t(byte(i) & 0x0F) << 12 | more(i + 1) << 6 | more(i + 2)], length = 3;
    } else if (byte(i) >= 0xC0 && byte(i) < 0xE0) {
      whole = atoms[char32_t(byte(i) & 0x1F) << 6 | more(i + 1)], length = 2;
    }
    if (whole != kNoToken) {
      symbols[n++] = whole;
      i += length;
      continue;
    }
    for (const size_t end = i + length; i < end; ++i)
      if ((symbols[n++] = byte_ids[byte(i)]) == kNoToken) return false;
  }
  return true;
}

bool Bpe::encode_short(std::string_view piece, std::vector<TokenId>& ids) const {
  if (piece.size() > kLongest) return false;
  TokenId symbols[kLongest];
  std::int32_t ranks[kLongest];  // of the pair that begins at each symbol but the last
  size_t n = 0;
  if (!first_symbols(piece, symbols, n)) return false;
  const auto look_up = [&](size_t at) {
    const Slot* merge = find(symbols[at], symbols[at + 1]);
    ranks[at] = merge == nullptr ? kNoMerge : merge->rank;
  };
  for (size_t i = 0; i + 1 < n; ++i) look_up(i);

  while (n > 1) {
    const size_t at = place_of_least(ranks, n - 1);
    if (ranks[at] == kNoMerge) break;
    symbols[at] = find(symbols[at], symbols[at + 1])->result;
    erase(symbols, at + 1, n);
    erase(ranks, at, n - 1);  // of the pair that was merged
    --n;
    if (at + 1 < n) look_up(at);
    if (at > 0) look_up(at - 1);
  }
  ids.insert(ids.end(), symbols, symbols + n);
  return true;
}

}  // namespace seekling
