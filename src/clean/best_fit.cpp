#include "clean/best_fit.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "core/check.h"  // Error, which a starter of chapter 18 throws

namespace seekling {

// The ids that a document takes of its last row. Each row but the last shows capacity - 1 new ids,
// because the last target of a row is the first id of the next one.
static Index size_in_last_row(Index length, Index capacity) {
  if (length <= capacity) return length;
  const Index step = std::max<Index>(capacity - 1, 1);
  return length - (length - capacity + step - 1) / step * step;
}

std::vector<Index> best_fit_order(std::span<const Index> lengths, Index capacity) {
  std::vector<Index> longest_first(lengths.size());
  std::iota(longest_first.begin(), longest_first.end(), 0);
  std::ranges::stable_sort(longest_first, std::greater(),
                           [&](Index document) { return lengths[std::size_t(document)]; });
  std::vector<std::vector<Index>> rows;
  std::set<std::pair<Index, std::size_t>> room;  // of each row: ids left, number of the row
  for (const Index document : longest_first) {
    const Index length = lengths[std::size_t(document)], size = size_in_last_row(length, capacity);
    auto best = length > capacity ? room.end() : room.lower_bound({size, 0});
    if (best == room.end()) {
      best = room.insert({capacity, rows.size()}).first;
      rows.emplace_back();
    }
    const auto [left, row] = *best;
    room.erase(best);
    rows[row].push_back(document);
    if (left > size) room.insert({left - size, row});
  }
  std::vector<Index> order;
  for (const auto& row : rows) order.insert(order.end(), row.begin(), row.end());
  return order;
}

}  // namespace seekling
