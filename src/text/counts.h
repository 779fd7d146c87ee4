// What learning a vocabulary counts: pieces and pairs of tokens, each in a flat table.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/real.h"
#include "text/bpe.h"

namespace seekling {

// How often each piece occurs in texts that stay in memory: it is looked up without a copy.
class PieceTable {
 public:
  void add(std::string_view piece) {
    const size_t hash = std::hash<std::string_view>{}(piece);
    Slot& slot = find(piece, hash);
    if (slot.count == 0) slot = {piece, hash, 0}, ++used;
    ++slot.count;
    if (2 * used > slots.size()) grow();
  }

  template <class Each>
  void for_each(Each&& each) const {  // each(piece, count)
    for (const Slot& slot : slots)
      if (slot.count > 0) each(slot.piece, slot.count);
  }

 private:
  struct Slot {
    std::string_view piece;
    size_t hash;
    Index count;  // 0: free
  };

  Slot& find(std::string_view piece, size_t hash) {  // where it is or would be
    const size_t last = slots.size() - 1;
    for (size_t i = hash & last;; i = (i + 1) & last) {
      Slot& slot = slots[i];
      if (slot.count == 0 || (slot.hash == hash && slot.piece == piece)) return slot;
    }
  }

  void grow() {
    const std::vector<Slot> before = std::exchange(slots, std::vector<Slot>(2 * slots.size()));
    for (const Slot& slot : before)
      if (slot.count > 0) find(slot.piece, slot.hash) = slot;
  }

  size_t used = 0;
  std::vector<Slot> slots = std::vector<Slot>(1024);  // a power of two, at most half full
};

using Pair = std::pair<TokenId, TokenId>;

// How often each pair occurs, and in which words it has appeared since the last look.
class PairCounts {
 public:
  struct Appeared {
    Pair pair;
    std::vector<std::int32_t> words;  // in order
  };

  Index& operator[](Pair pair) { return slot_of(pair).count; }

  void add(Pair pair, Index occurrences) { slot_of(pair).count += occurrences; }

  void appears(Pair pair, Index occurrences, std::int32_t word) {
    Slot& slot = slot_of(pair);
    slot.count += occurrences;
    if (slot.place == 0) {
      fresh.push_back({pair, {}});
      slot.place = std::uint32_t(fresh.size());
    }
    auto& words = fresh[slot.place - 1].words;
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  std::vector<Appeared> take_appeared() {  // since the last call, in order
    for (const Appeared& one : fresh) slot_of(one.pair).place = 0;
    return std::exchange(fresh, {});
  }

 private:
  struct Slot {
    Pair pair = {kNoToken, kNoToken};
    std::uint32_t place = 0;  // in `fresh`, from 1; 0: not there
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

  Slot& slot_of(Pair pair) {
    Slot* slot = &find(pair);
    if (!is_free(*slot)) return *slot;
    if (2 * ++used > slots.size()) {
      grow();
      slot = &find(pair);
    }
    slot->pair = pair;
    return *slot;
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
  std::vector<Appeared> fresh;
};

}  // namespace seekling
