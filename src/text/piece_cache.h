// The ids of pieces seen before. Text repeats itself: of the pieces of ordinary text all but
// a few in a hundred are here.
//
// A table of fixed size in which a piece has one place, by its hash; a newcomer takes the place
// of whoever is there. So it stays bounded whatever the text, allocates once, and an entry fills
// one cache line. Only short pieces are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/bpe.h"
#include "text/short_piece.h"

namespace seekling {

class PieceCache {
 public:
  static constexpr size_t kMostIds = 8, kEntries = size_t(1) << 15;  // 2 MiB

  struct alignas(64) Entry {
    ShortPiece piece;
    TokenId ids[kMostIds];
    std::uint8_t length = 0, level = 0, count = 0;  // length 0: free

    std::span<const TokenId> span() const { return {ids, count}; }
  };

  PieceCache() : entries(kEntries) {}

  // Where the piece's ids are or would be kept; null if it is too long. `level`: the stage it comes
  // from, as the same bytes may still be split by later stages or not.
  Entry* place(std::string_view piece, Index level, bool& found) {
    if (piece.size() > ShortPiece::kLongest || piece.empty()) return nullptr;
    const ShortPiece wanted(piece);
    Entry& entry = entries[wanted.hash(piece.size() << 8 | std::uint64_t(level)) % kEntries];
    found = entry.length == piece.size() && entry.level == level && entry.piece == wanted;
    return &entry;
  }

  void keep(std::string_view piece, Index level, std::span<const TokenId> ids) {
    bool found = false;
    Entry* entry = place(piece, level, found);
    if (entry == nullptr || ids.size() > kMostIds) return;
    entry->piece = ShortPiece(piece);
    std::copy(ids.begin(), ids.end(), entry->ids);
    entry->length = std::uint8_t(piece.size());
    entry->level = std::uint8_t(level);
    entry->count = std::uint8_t(ids.size());
  }

 private:
  std::vector<Entry> entries;
};

}  // namespace seekling
