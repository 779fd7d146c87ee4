// Filling the table, a page at a time: each page that differs from those before it is kept.
#include "unicode/character_masks.h"

#include <algorithm>
#include <map>

namespace seekling {

namespace {

// Bit `bit` in the masks of the members among the code points from `first` on.
void mark(const CharacterRanges& members, size_t bit, char32_t first,
          std::vector<CharacterMask>& masks) {
  const char32_t end = first + char32_t(masks.size());
  auto range = std::lower_bound(members.begin(), members.end(), first,
                                [](const auto& r, char32_t c) { return r.last < c; });
  for (; range != members.end() && range->first < end; ++range)
    for (char32_t c = std::max(range->first, first); c < std::min<char32_t>(range->last + 1, end);
         ++c)
      masks[c - first] |= CharacterMask(1) << bit;
}

}  // namespace

CharacterMasks::CharacterMasks(const std::vector<CharacterRanges>& sets) {
  std::map<std::vector<CharacterMask>, std::uint16_t> known;
  std::vector<CharacterMask> last_page;
  for (char32_t first = 0; first <= kLastCodePoint; first += char32_t(kPage)) {
    std::vector<CharacterMask> page(kPage, 0);
    for (size_t i = 0; i < sets.size(); ++i) mark(sets[i], i, first, page);
    if (page == last_page) {  // as most are
      page_of.push_back(page_of.back());
      continue;
    }
    const auto [entry, is_new] = known.emplace(page, std::uint16_t(known.size()));
    if (is_new) masks.insert(masks.end(), page.begin(), page.end());
    page_of.push_back(entry->second);
    last_page = std::move(page);
  }
  std::copy_n(masks.begin(), kPage, ascii.begin());  // page 0 is the first that was kept
}

}  // namespace seekling
