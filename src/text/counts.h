// What learning a vocabulary counts: pieces, pairs of tokens, and tokens beside a pair, each in a
// flat table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/real.h"
#include "text/bpe.h"
#include "text/short_piece.h"

namespace seekling {

// How often each piece occurs. Short pieces are in the table itself, where a look at one is a look
// at one or two cache lines; long ones, which are rare, stand in texts that stay in memory.
class PieceTable {
 public:
  void add(std::string_view piece) {
    if (piece.size() > ShortPiece::kLongest) return void(++long_ones[piece]);
    const Slot wanted{ShortPiece(piece), 0, std::uint8_t(piece.size())};
    Slot& slot = find(wanted);
    if (slot.count == 0) slot = wanted, ++used;
    ++slot.count;
    if (2 * used > slots.size()) grow();
  }

  template <class Each>
  void for_each(Each&& each) const {  // each(piece, count)
    for (const Slot& slot : slots)
      if (slot.count > 0) each(slot.piece.text(slot.length), slot.count);
    for (const auto& [piece, count] : long_ones) each(piece, count);
  }

 private:
  struct Slot {
    ShortPiece piece = {};
    Index count = 0;  // 0: free
    std::uint8_t length = 0;
  };

  Slot& find(const Slot& wanted) {  // where it is or would be
    const size_t last = slots.size() - 1;
    for (size_t i = wanted.piece.hash(wanted.length) & last;; i = (i + 1) & last) {
      Slot& slot = slots[i];
      if (slot.count == 0 || (slot.piece == wanted.piece && slot.length == wanted.length))
        return slot;
    }
  }

  void grow() {
    const std::vector<Slot> before = std::exchange(slots, std::vector<Slot>(2 * slots.size()));
    for (const Slot& slot : before)
      if (slot.count > 0) find(slot) = slot;
  }

  size_t used = 0;
  std::vector<Slot> slots = std::vector<Slot>(1024);  // a power of two, at most half full
  std::unordered_map<std::string_view, Index> long_ones;
};

using Pair = std::pair<TokenId, TokenId>;

// The number of occurrences of each pair.
class PairCounts {
 public:
  Index& operator[](Pair pair) {
    Slot* slot = &find(pair);
    if (is_free(*slot)) {
      if (2 * ++used > slots.size()) {
        grow();
        slot = &find(pair);
      }
      slot->pair = pair;
    }
    return slot->count;
  }

 private:
  struct Slot {
    Pair pair = {kNoToken, kNoToken};
    Index count = 0;
  };

  static bool is_free(const Slot& slot) { return slot.pair.first == kNoToken; }

  Slot& find(Pair pair) {  // where it is or would be
    const std::uint64_t both =
        std::uint64_t(std::uint32_t(pair.first)) << 32 | std::uint32_t(pair.second);
    const size_t last = slots.size() - 1, home = size_t((both * 0x9E3779B97F4A7C15u) >> shift);
    for (size_t i = home;; i = (i + 1) & last)
      if (is_free(slots[i]) || slots[i].pair == pair) return slots[i];
  }

  void grow() {
    --shift;
    const std::vector<Slot> before = std::exchange(slots, std::vector<Slot>(2 * slots.size()));
    for (const Slot& slot : before)
      if (!is_free(slot)) find(slot.pair) = slot;
  }

  size_t used = 0;
  int shift = 64 - 10;
  std::vector<Slot> slots = std::vector<Slot>(size_t(1) << 10);  // always 2^(64 - shift)
};

// For small numbers such as tokens: how often each was seen, and in which words.
class Sightings {
 public:
  struct Seen {
    size_t number;
    Index occurrences;
    std::vector<std::int32_t> words;  // in order
  };

  void add(size_t number, Index occurrences, std::int32_t word) {
    if (number >= places.size()) places.resize(std::max(number + 1, 2 * places.size()));
    std::uint32_t& place = places[number];
    if (place == 0) {
      all.push_back({number, 0, {}});
      place = std::uint32_t(all.size());
    }
    Seen& seen = all[place - 1];
    seen.occurrences += occurrences;
    if (seen.words.empty() || seen.words.back() != word) seen.words.push_back(word);
  }

  template <class Each>
  void take(Each&& each) {  // calls each(seen), then clears everything
    for (Seen& seen : all) {
      places[seen.number] = 0;
      each(seen);
    }
    all.clear();
  }

 private:
  std::vector<std::uint32_t> places;  // index in `all`, from 1; 0: absent
  std::vector<Seen> all;
};

}  // namespace seekling
