// A place is a document's number and a word's number in it, in one number of 64 bits.
#include "repeats/repeated_passages.h"

#include <algorithm>
#include <deque>

#include "core/parallel.h"
#include "repeats/suffix_array.h"
#include "repeats/words.h"

namespace seekling {

namespace {

constexpr int kWordBits = 26;              // a document's words: its 64 MiB have no more
constexpr std::size_t kBytesOfWord = 40;   // of memory, for each word of a block
constexpr std::size_t kWindowsBefore = 4;  // equal windows that one is compared with, and the first
constexpr std::size_t kPairs = 1 << 14;    // that are compared before the next ones are read

std::uint64_t place_of(Index document, std::size_t word) {
  return std::uint64_t(document) << kWordBits | word;
}
Index document_of(std::uint64_t place) { return Index(place >> kWordBits); }
std::size_t word_of(std::uint64_t place) { return place & ((std::uint64_t(1) << kWordBits) - 1); }

}  // namespace

struct RepeatedPassages::Run {
  Index document;
  std::size_t begin, end;
};

std::vector<std::uint32_t> winnowed(std::span<const std::uint64_t> windows, Index width) {
  std::vector<std::uint32_t> noted;
  std::deque<std::size_t> rising;  // the smallest of the last `width`, and those that may follow it
  for (std::size_t i = 0; i < windows.size(); ++i) {
    while (!rising.empty() && windows[rising.back()] >= windows[i]) rising.pop_back();
    rising.push_back(i);
    if (rising.front() + std::size_t(width) <= i) rising.pop_front();
    const bool full = i + 1 >= std::size_t(width);
    if (full && (noted.empty() || noted.back() != rising.front()))
      noted.push_back(std::uint32_t(rising.front()));
  }
  return noted;
}

RepeatedPassages::RepeatedPassages(PassageSearch s)
    : search(std::move(s)), window_words(search.least / 2), width(search.least - window_words + 1),
      windows(search.scratch / "windows", search.memory / 4),
      pairs(search.scratch / "passage_pairs", search.memory / 4),
      found(search.scratch / "passages", search.memory / 4) {}

void RepeatedPassages::add(std::span<const Index> numbers, std::span<const std::string> texts) {
  std::vector<std::vector<std::uint64_t>> words(texts.size());
  std::vector<std::vector<Record>> noted(texts.size());
  parallel_for(Index(texts.size()), 8, [&](Index i) {
    const std::size_t at = std::size_t(i);
    words[at] = word_hashes(texts[at]);
    if (Index(words[at].size()) < search.least) return;
    const auto hashes = ngram_hashes(words[at], window_words);
    for (const std::uint32_t w : winnowed(hashes, width))
      noted[at].push_back({hashes[w], place_of(numbers[at], w)});
  });
  const std::size_t most = search.memory / (kBlocks * kBytesOfWord);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    windows.add(noted[i]);
    if (Index(words[i].size()) < search.least) continue;
    if (blocks.empty() || blocks.back().words.size() + words[i].size() >= most) {
      if (blocks.size() == kBlocks) find_in_blocks();
      blocks.emplace_back();
      block_begins.push_back(numbers[i]);
    }
    Block& block = blocks.back();
    block.documents.emplace_back(numbers[i], block.words.size());
    block.words.insert(block.words.end(), words[i].begin(), words[i].end());
    block.words.push_back(mixed(~std::uint64_t(numbers[i])));  // so no passage crosses its end
  }
}

void RepeatedPassages::note(const std::vector<std::vector<Run>>& runs) {
  std::vector<Record> records;
  for (const auto& some : runs)
    for (const Run& run : some)
      records.push_back({std::uint64_t(run.document), std::uint64_t(run.begin) << 32 | run.end});
  found.add(records);
}

void RepeatedPassages::find_in_blocks() {
  std::vector<std::vector<Run>> runs(blocks.size());
  parallel_for(Index(blocks.size()), 1,
               [&](Index b) { runs[std::size_t(b)] = runs_in(blocks[std::size_t(b)]); });
  note(runs);
  blocks.clear();
}

// The runs of a block that stood in it before.
std::vector<RepeatedPassages::Run> RepeatedPassages::runs_in(const Block& block) const {
  const auto suffixes = suffix_array(block.words);
  const auto common = common_prefixes(block.words, suffixes);
  const std::size_t n = suffixes.size(), least = std::size_t(search.least);
  // Groups of places that share their next `least` words: the first place stays
  std::vector<bool> repeats(n);
  for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
    std::size_t first = suffixes[begin];
    for (end = begin + 1; end < n && common[end] >= least; ++end)
      first = std::min<std::size_t>(first, suffixes[end]);
    for (std::size_t k = begin; k < end; ++k)
      if (suffixes[k] >= first + least) repeats[suffixes[k]] = true;
  }
  // Their union, document by document
  std::vector<Run> runs;
  for (std::size_t d = 0; d < block.documents.size(); ++d) {
    const auto [document, begin] = block.documents[d];
    const std::size_t end = d + 1 < block.documents.size() ? block.documents[d + 1].second : n;
    std::size_t until = 0;  // where the last run of this document ends
    for (std::size_t i = begin; i + least < end; ++i) {
      if (!repeats[i]) continue;
      if (i > until || until == 0) runs.push_back({document, i - begin, 0});
      until = i + least;
      runs.back().end = until - begin;
    }
  }
  return runs;
}

Index RepeatedPassages::block_of(std::uint64_t place) const {
  return std::ranges::upper_bound(block_begins, document_of(place)) - block_begins.begin();
}

// Equal windows of different blocks.
void RepeatedPassages::pair_up() {
  std::uint64_t hash = 0, first = 0;
  std::deque<std::uint64_t> before;
  bool any = false;
  windows.sort();
  for (Record r; windows.next(r);) {
    if (!any || r.key != hash) {
      any = true, hash = r.key, first = r.value;
      before.clear();
      continue;
    }
    std::vector<Record> some;
    const auto pair_with = [&](std::uint64_t earlier) {
      if (block_of(earlier) != block_of(r.value)) some.push_back({r.value, earlier});
    };
    pair_with(first);
    for (const std::uint64_t earlier : before) pair_with(earlier);
    pairs.add(some);
    before.push_back(r.value);
    if (before.size() > kWindowsBefore) before.pop_front();
  }
  pairs.sort();
}

void RepeatedPassages::find(const DocumentStore& documents) {
  find_in_blocks();
  pair_up();
  std::vector<Record> some;
  for (Record r; pairs.next(r); some.push_back(r)) {
    const bool same = !some.empty() && document_of(some.back().key) == document_of(r.key);
    if (some.size() < kPairs || same) continue;
    compare(some, documents);
    some.clear();
  }
  compare(some, documents);
  found.sort();
  more = found.next(next);
}

// The pairs of whole documents, each of these by one thread.
void RepeatedPassages::compare(std::span<const Record> all, const DocumentStore& documents) {
  std::vector<std::span<const Record>> by_document;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && document_of(all[end].key) == document_of(all[begin].key)) ++end;
    by_document.push_back(all.subspan(begin, end - begin));
  }
  std::vector<std::vector<Run>> runs(by_document.size());
  parallel_for(Index(runs.size()), 1, [&](Index i) {
    runs[std::size_t(i)] = runs_of(by_document[std::size_t(i)], documents);
  });
  note(runs);
}

// Follows each pair of a document in both directions.
std::vector<RepeatedPassages::Run> RepeatedPassages::runs_of(std::span<const Record> its,
                                                             const DocumentStore& documents) const {
  std::vector<Record> sorted(its.begin(), its.end());
  std::ranges::sort(sorted, {}, [](const Record& r) { return std::pair(r.value, r.key); });
  const Index document = document_of(its[0].key);
  const auto words = word_hashes(documents.text(document));
  std::vector<Run> runs;
  Index earlier = -1;  // the document that `others` are the words of
  std::vector<std::uint64_t> others;
  for (const Record& pair : sorted) {
    if (document_of(pair.value) != earlier) {
      earlier = document_of(pair.value);
      others = word_hashes(documents.text(earlier));
    }
    std::size_t begin = word_of(pair.key), end = begin, i = word_of(pair.value), j = i;
    while (begin > 0 && i > 0 && words[begin - 1] == others[i - 1]) --begin, --i;
    while (end < words.size() && j < others.size() && words[end] == others[j]) ++end, ++j;
    if (Index(end - begin) >= search.least) runs.push_back({document, begin, end});
  }
  return runs;
}

std::string RepeatedPassages::without(Index document, std::string_view text,
                                      RemovedPassages& removed) {
  if (!more || next.key != std::uint64_t(document)) return std::string(text);
  const auto begins = word_begins(text);
  std::string rest;
  std::size_t done = 0;  // bytes of the text
  std::size_t end = 0;   // words
  for (; more && next.key == std::uint64_t(document); more = found.next(next)) {
    const std::size_t from = std::max<std::size_t>(next.value >> 32, end),
                      to = next.value & 0xFFFFFFFF;
    if (to <= from) continue;  // in another passage
    removed.passages += from > end || end == 0;
    removed.words += Index(to - from);
    if (begins[from] > done) rest += text.substr(done, begins[from] - done);
    done = to < begins.size() ? begins[to] : text.size();
    end = to;
  }
  return rest += text.substr(done);
}

}  // namespace seekling
