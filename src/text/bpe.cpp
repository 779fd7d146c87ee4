// The symbols of a piece are in a doubly linked list, and the pairs that have a merge are in a heap
// ordered by (rank, position). A merge changes the pairs with two neighbours, so it pushes at most
// two; stale pairs are recognised by their ids when they are popped. Scanning for the lowest rank
// instead would be quadratic: a file of one repeated letter would take hours.
#include "text/bpe.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/check.h"

namespace seekling {

namespace {

constexpr TokenId kGone = -1;

struct Later {  // the heap's front is the candidate of lowest rank, the leftmost of equals
  bool operator()(const Bpe::Scratch::Candidate& a, const Bpe::Scratch::Candidate& b) const {
    return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
  }
};

}  // namespace

Bpe::Bpe(const std::array<TokenId, 256>& ids_of_bytes, const std::vector<Merge>& merges,
         UnknownByte of_the_others)
    : byte_ids(ids_of_bytes), unknown(of_the_others) {
  slots.resize(std::bit_ceil(std::max<size_t>(2 * merges.size(), 16)));
  has_merge.resize(slots.size() / 8);
  shift = 64 - std::countr_zero(slots.size());
  std::int32_t rank = 0;
  for (const Merge& merge : merges) {
    const std::uint64_t pair = key(merge.left, merge.right), h = hash(pair), bit = h >> (shift - 3);
    has_merge[bit / 64] |= std::uint64_t(1) << (bit % 64);
    size_t i = h >> shift;
    while (slots[i].pair != kEmpty) i = (i + 1) % slots.size();
    slots[i] = {pair, rank++, merge.result};
  }
  find_atoms(merges);
}

void Bpe::push(std::int32_t at, Scratch& scratch) const {
  const auto& symbol = scratch.symbols[size_t(at)];
  if (symbol.next < 0) return;
  const TokenId right = scratch.symbols[size_t(symbol.next)].id;
  const Slot* merge = find(symbol.id, right);
  if (merge == nullptr) return;
  scratch.heap.push_back({merge->rank, at, symbol.id, right});
  std::push_heap(scratch.heap.begin(), scratch.heap.end(), Later{});
}

// One symbol for each byte that has a token; the number of symbols.
std::int32_t Bpe::symbols_of(std::string_view piece, Scratch& scratch) const {
  auto& symbols = scratch.symbols;
  symbols.resize(piece.size());
  std::int32_t n = 0;
  bool after_unknown = false;
  for (const char c : piece) {
    TokenId id = byte_ids[static_cast<unsigned char>(c)];
    const bool is_unknown = id == kNoToken;
    if (is_unknown) {
      if (unknown.id == kNoToken || (unknown.fused && after_unknown)) continue;
      id = unknown.id;
    }
    after_unknown = is_unknown;
    symbols[size_t(n)] = {id, n - 1, n + 1};
    ++n;
  }
  if (n > 0) symbols[size_t(n - 1)].next = -1;
  return n;
}

void Bpe::encode(std::string_view piece, std::vector<TokenId>& ids, Scratch& scratch) const {
  check(piece.size() <= std::size_t(std::numeric_limits<std::int32_t>::max()), "BPE: a piece of ",
        piece.size(), " bytes; the limit is 2 GiB, so split the text");
  auto& symbols = scratch.symbols;
  auto& heap = scratch.heap;
  heap.clear();
  const std::int32_t n = symbols_of(piece, scratch);
  for (std::int32_t i = 0; i < n; ++i) push(i, scratch);

  while (!heap.empty()) {
    const auto best = heap.front();
    std::pop_heap(heap.begin(), heap.end(), Later{});
    heap.pop_back();
    auto& left = symbols[size_t(best.at)];
    if (left.id != best.left || left.next < 0 || symbols[size_t(left.next)].id != best.right)
      continue;  // stale
    auto& right = symbols[size_t(left.next)];
    left.id = find(best.left, best.right)->result;
    left.next = right.next;
    right.id = kGone;
    if (left.next >= 0) symbols[size_t(left.next)].previous = best.at;
    if (left.previous >= 0) push(left.previous, scratch);
    push(best.at, scratch);
  }
  for (std::int32_t i = 0; i < n; ++i)
    if (symbols[size_t(i)].id != kGone) ids.push_back(symbols[size_t(i)].id);
}

}  // namespace seekling
