// Sorting by doubled prefixes, as Larsson & Sadakane 2007 ("Faster suffix sorting") do it. Once the
// suffixes are sorted by their first h symbols, a suffix's rank says all about these; the rank of
// the suffix h places on says all about the next h, and the two together sort by 2h. Only groups
// whose first h symbols are equal are sorted again: O(n log² n) at worst, and in text most groups
// are gone after a few rounds.
//
// Common prefixes: Kasai et al. 2001. If the suffix at i shares l symbols with the one before it in
// the array, the suffix at i + 1 shares l - 1 at least with the one before that, so l is counted on
// from there: O(n) in all.
#include "repeats/suffix_array.h"

#include <algorithm>
#include <utility>

#include "core/real.h"

namespace seekling {

namespace {

using Group = std::pair<std::uint32_t, std::uint32_t>;  // begin and end in the array

class SuffixSort {
 public:
  explicit SuffixSort(std::span<const std::uint64_t> text)
      : ranks(text.size()), order(text.size()) {
    for (std::size_t i = 0; i < text.size(); ++i) keyed.push_back({text[i], std::uint32_t(i)});
    place({0, std::uint32_t(text.size())});
    for (std::size_t h = 1; !groups.empty(); h *= 2)
      for (const Group& group : std::exchange(groups, {})) sort_again(group, h);
  }

  std::vector<std::uint32_t> suffixes() && { return std::move(order); }

 private:
  void sort_again(Group group, std::size_t h) {
    keyed.clear();
    for (std::uint32_t k = group.first; k < group.second; ++k) {
      const std::size_t next = order[k] + h;  // a suffix that ends there comes first
      keyed.push_back({next < ranks.size() ? ranks[next] + std::uint64_t(1) : 0, order[k]});
    }
    place(group);
  }

  // Sorts `keyed` into the group's part of the array. A suffix's rank is where its new group
  // begins.
  void place(Group group) {
    std::sort(keyed.begin(), keyed.end());
    for (std::size_t k = 0, end = 0; k < keyed.size(); k = end) {
      while (end < keyed.size() && keyed[end].first == keyed[k].first) ++end;
      const auto begin = std::uint32_t(group.first + k);
      for (std::size_t j = k; j < end; ++j) {
        order[group.first + j] = keyed[j].second;
        ranks[keyed[j].second] = begin;
      }
      if (end - k > 1) groups.push_back({begin, std::uint32_t(group.first + end)});
    }
  }

  std::vector<std::uint32_t> ranks, order;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed;  // of one group
  std::vector<Group> groups;                                   // that are not sorted yet
};

}  // namespace

std::vector<std::uint32_t> suffix_array(std::span<const std::uint64_t> text) {
  return SuffixSort(text).suffixes();
}

std::vector<std::uint32_t> common_prefixes(std::span<const std::uint64_t> text,
                                           std::span<const std::uint32_t> suffixes) {
  const std::size_t n = text.size();
  std::vector<std::uint32_t> ranks(n), common(n);
  for (std::size_t k = 0; k < n; ++k) ranks[suffixes[k]] = std::uint32_t(k);
  for (std::size_t i = 0, l = 0; i<n; ++i, l -= l> 0) {
    if (ranks[i] == 0) {
      l = 0;
      continue;
    }
    const std::size_t j = suffixes[ranks[i] - 1];
    while (i + l < n && j + l < n && text[i + l] == text[j + l]) ++l;
    common[ranks[i]] = std::uint32_t(l);
  }
  return common;
}

}  // namespace seekling
