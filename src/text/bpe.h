// Byte-pair encoding of one piece: its bytes, merged pair by pair (Sennrich et
// al. 2016, arXiv:1508.07909; on bytes: Radford et al. 2019). As long as some adjacent pair has
// a merge, the one of lowest rank is merged, the leftmost of equals.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

struct Merge {
  TokenId left, right, result;

  bool operator==(const Merge&) const = default;
};

// The token for a byte that has none: once for each such byte or, fused, once for a run of them.
// id kNoToken: the byte is dropped, and its neighbours may merge.
struct UnknownByte {
  TokenId id = kNoToken;
  bool fused = false;

  bool operator==(const UnknownByte&) const = default;
};

class Bpe {
 public:
  // byte_ids: the token of each byte, or kNoToken. merges: by rank, no pair twice.
  Bpe(const std::array<TokenId, 256>& byte_ids, const std::vector<Merge>& merges,
      UnknownByte unknown = {});

  // Scratch memory of an encoding: one per thread.
  struct Scratch {
    struct Symbol {
      TokenId id;  // kGone after merging into the symbol on its left
      std::int32_t previous, next;
    };
    struct Candidate {
      std::int32_t rank, at;  // the pair whose left symbol is `at`
      TokenId left, right;    // ids when it was pushed: if they have changed, it is stale
    };
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
  };

  // Appends the ids of `piece` to `ids`, in O(n log n). Error from 2 GiB on.
  void encode(std::string_view piece, std::vector<TokenId>& ids, Scratch& scratch) const;

  // The same ids, several times faster for pieces as short as those of text (bpe_short.cpp).
  // `piece` is UTF-8 without malformed sequences. False, and nothing is appended, if it is longer
  // or has a byte without a token.
  bool encode_short(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  struct Slot {  // open addressing: a lookup is one or two cache lines
    std::uint64_t pair = kEmpty;
    std::int32_t rank = 0;
    TokenId result = 0;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t(0);

  static std::uint64_t key(TokenId left, TokenId right) {
    return std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right);
  }
  static std::uint64_t hash(std::uint64_t pair) { return pair * 0x9E3779B97F4A7C15u; }
  // Null if the pair has no merge. Most pairs have none, and one bit tells that for most of them:
  // the bits, sixteen or more per merge, fit the L2 cache; the slots do not.
  const Slot* find(TokenId left, TokenId right) const {
    const std::uint64_t pair = key(left, right), h = hash(pair), bit = h >> (shift - 3);
    if (!(has_merge[bit / 64] >> (bit % 64) & 1)) return nullptr;
    for (size_t i = h >> shift;; i = (i + 1) & (slots.size() - 1)) {
      if (slots[i].pair == pair) return &slots[i];
      if (slots[i].pair == kEmpty) return nullptr;
    }
  }
  void push(std::int32_t at, Scratch& scratch) const;
  std::int32_t symbols_of(std::string_view piece, Scratch& scratch) const;

  using RankOf = std::function<std::int32_t(TokenId first, TokenId last)>;
  TokenId atom(std::string_view character, const RankOf& lowest_outside) const;
  void find_atoms(const std::vector<Merge>& merges);
  bool first_symbols(std::string_view piece, TokenId* symbols, size_t& n) const;

  std::array<TokenId, 256> byte_ids;
  UnknownByte unknown;
  std::vector<TokenId> atoms;            // by code point: characters whose bytes are always merged
  std::vector<std::uint64_t> has_merge;  // bits, eight per slot
  std::vector<Slot> slots;               // a power of two, at most half full
  int shift;
};

}  // namespace seekling
