#include "repeats/duplicates.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "core/parallel.h"
#include "repeats/words.h"

namespace seekling {

namespace {

constexpr std::size_t kBefore = 4;  // documents of equal key that one is compared with
constexpr Index kWindow = 1024;     // documents that are decided before the next ones are read,
constexpr Index kWindowBytes = Index(32) << 20;  // or fewer if they are long

}  // namespace

struct DuplicateFinder::Member {  // a document with others to compare it with
  Index document;
  std::vector<Index> earlier;
};

struct DuplicateFinder::Read {  // a document that was read again
  Index document;
  std::uint64_t text_hash = 0;
  std::vector<std::uint64_t> shingles = {};
};

DuplicateFinder::DuplicateFinder(DuplicateSearch s)
    : bands(s.target > 0 ? bands_for(s.target) : Bands{}), search(std::move(s)),
      keys(search.scratch / "keys", search.memory / 2, search.stays),
      pairs(search.scratch / "pairs", search.memory / 2), kept_for(search.scratch / "kept_for") {}

std::vector<std::uint64_t> DuplicateFinder::keys_of(std::string_view text) const {
  std::vector<std::uint64_t> all{text_hash(text)};
  if (bands.bands == 0) return all;
  const std::vector<std::uint64_t> shingles = ngram_hashes(word_hashes(text), kShingleWords);
  if (shingles.empty()) return all;  // no words
  const std::vector<std::uint64_t> more = band_keys(shingles, bands);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void DuplicateFinder::add(Index document, const std::vector<std::uint64_t>& its_keys) {
  std::vector<Record> records;
  for (const std::uint64_t key : its_keys) records.push_back({key, std::uint64_t(document)});
  keys.add(records);
}

void DuplicateFinder::pair_up() {
  std::uint64_t key = 0, first = 0;
  std::deque<std::uint64_t> before;  // the last ones of this key, the first one left out
  bool any = false;
  keys.sort();
  for (Record r; keys.next(r);) {
    if (!any || r.key != key) {
      any = true, key = r.key, first = r.value;
      before.clear();
      continue;
    }
    if (r.value == (before.empty() ? first : before.back())) continue;
    std::vector<Record> found{{r.value, first}};
    for (const std::uint64_t earlier : before) found.push_back({r.value, earlier});
    pairs.add(found);
    before.push_back(r.value);
    if (before.size() > kBefore) before.pop_front();
  }
}

void DuplicateFinder::for_each(const DocumentStore& documents, const Visit& visit) {
  pair_up();
  std::vector<Member> window;
  Index bytes = 0;
  pairs.sort();
  for (Record r; pairs.next(r);) {
    const Index document = Index(r.key), earlier = Index(r.value);
    if (window.empty() || window.back().document != document) {
      if (Index(window.size()) == kWindow || bytes > kWindowBytes) {
        decide(window, documents, visit);
        window.clear();
        bytes = 0;
      }
      window.push_back({document, {}});
      bytes += documents.bytes(document);
    }
    std::vector<Index>& all = window.back().earlier;
    if (!all.empty() && all.back() == earlier) continue;
    all.push_back(earlier);
    bytes += documents.bytes(earlier);
  }
  decide(window, documents, visit);
}

Index DuplicateFinder::representative(Index document) const {
  const std::uint64_t kept = kept_for.at(document);
  return kept == 0 ? document : Index(kept - 1);
}

// The documents of a window and those that they are compared with, sorted.
std::vector<DuplicateFinder::Read> DuplicateFinder::read_again(
    const std::vector<Member>& window, const DocumentStore& documents) const {
  std::vector<Read> read;
  for (const Member& member : window) {
    read.push_back({member.document});
    for (const Index earlier : member.earlier) read.push_back({representative(earlier)});
  }
  std::ranges::sort(read, {}, &Read::document);
  const auto repeated = std::ranges::unique(read, {}, &Read::document);
  read.erase(repeated.begin(), repeated.end());
  parallel_for(Index(read.size()), 8, [&](Index i) {
    Read& r = read[std::size_t(i)];
    const std::string text = documents.text(r.document);
    r.text_hash = text_hash(text);
    r.shingles = shingles_of(text);
  });
  return read;
}

// Threads read the texts of a window; one thread decides in order, because each decision changes
// the later ones.
void DuplicateFinder::decide(const std::vector<Member>& window, const DocumentStore& documents,
                             const Visit& visit) {
  const std::vector<Read> read = read_again(window, documents);
  for (const Member& member : window) {
    const Duplicate found = best_of(member, read);
    if (found.kept < 0) continue;
    kept_for.set(member.document, std::uint64_t(found.kept) + 1);
    visit(found);
  }
}

// The kept document that resembles it most; of equals the first. kept < 0: there is none.
Duplicate DuplicateFinder::best_of(const Member& member, const std::vector<Read>& read) const {
  const auto at = [&](Index document) -> const Read& {
    return *std::ranges::lower_bound(read, document, {}, &Read::document);
  };
  std::set<Index> kept;
  for (const Index earlier : member.earlier) kept.insert(representative(earlier));
  const Read& own = at(member.document);
  Duplicate best{.document = member.document, .kept = -1};
  for (const Index other : kept) {
    const bool exact = own.text_hash == at(other).text_hash;
    const double j = exact ? 1 : jaccard(own.shingles, at(other).shingles);
    const bool duplicate = exact || (search.target > 0 && j >= search.target);
    const bool better = best.kept < 0 || std::pair(j, exact) > std::pair(best.jaccard, best.exact);
    if (duplicate && better) best = {member.document, other, j, exact};
  }
  return best;
}

}  // namespace seekling
