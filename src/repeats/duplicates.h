// Duplicate documents, exact and near, found in memory that does not grow with their number.
//
//   1. Each document gives keys: one of its whole text and, for near duplicates, one for each band
//      of its MinHash signature (minhash.h).
//   2. Documents with an equal key are neighbours after an external sort (record_sort.h). Each is
//      paired with the first of them and with the few before it, so the pairs grow as the keys do.
//   3. Each document is decided in the order of the input. Of a pair's earlier document, or of the
//      kept one that it was dropped for, the text is read again and compared. The document is
//      dropped if the texts are equal or their Jaccard reaches the target.
//
// So each dropped document names one that is kept and resembles it: an equal band is only a reason
// to compare, and no chain of such bands makes a cluster. Not found: a near duplicate without an
// equal band (Bands::found is the probability of one), and one that the documents between hide
// where very many share their bands and are not duplicates.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "repeats/minhash.h"
#include "stream/document_store.h"
#include "stream/record_sort.h"

namespace seekling {

struct Duplicate {
  Index document = 0;  // the dropped one
  Index kept = 0;
  double jaccard = 0;  // of the two
  bool exact = false;  // their texts are equal but for white space
};

struct DuplicateSearch {
  double target = 0.8;  // the least Jaccard of near duplicates; 0: only exact ones
  std::size_t memory = std::size_t(32) << 20;
  std::filesystem::path scratch = {};  // a folder
  bool stays = false;                  // the keys, as in disk_file.h
};

class DuplicateFinder {
 public:
  using Visit = std::function<void(const Duplicate&)>;

  explicit DuplicateFinder(DuplicateSearch search);

  std::vector<std::uint64_t> keys_of(std::string_view text) const;
  void add(Index document, const std::vector<std::uint64_t>& keys);

  std::vector<std::size_t> save() { return keys.save(); }  // as in record_sort.h
  void resume(const std::vector<std::size_t>& saved) { keys.resume(saved); }

  // All duplicates in the order of the documents. Once, after the last add().
  void for_each(const DocumentStore& documents, const Visit& visit);

  bool dropped(Index document) const { return kept_for.at(document) != 0; }  // after for_each()

  const Bands bands;

 private:
  struct Member;
  struct Read;
  void pair_up();
  std::vector<Read> read_again(const std::vector<Member>& window,
                               const DocumentStore& documents) const;
  void decide(const std::vector<Member>& window, const DocumentStore& documents,
              const Visit& visit);
  Duplicate best_of(const Member& member, const std::vector<Read>& read) const;
  Index representative(Index document) const;

  const DuplicateSearch search;
  RecordSort keys, pairs;  // (key, document), (document, earlier one)
  DiskNumbers kept_for;    // of a dropped document: 1 + the kept one
};

}  // namespace seekling
