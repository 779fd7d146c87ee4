// Counts are updated incrementally: a merge touches only the pieces that contain its pair, and in
// them only the neighbouring pairs. The next pair comes from a heap whose counts may be stale; a
// popped pair with a stale count is pushed again with its true count, which is correct because
// counts only decrease between two pushes. The changes of a merge are first summed by neighbouring
// token, so that the table of all pairs, too large for any cache, is looked up once per such token
// and not once per occurrence.
//
// One special case must agree with Hugging Face's trainer: two pairs may yield the same token (a+bc
// and ab+c). Then a merged pair can appear again. Its old count was not reset when it was merged,
// its new pieces come in a separate heap entry, and if it is merged twice the later rank counts.
#include "text/bpe_train.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "core/parallel.h"
#include "text/byte_chars.h"
#include "text/counts.h"

namespace seekling {

namespace {

struct Candidate {
  Index count;
  Pair pair;
  std::vector<std::int32_t> words;  // the pieces in which it appeared

  bool operator<(const Candidate& other) const {  // the heap's front is the greatest
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

struct Word {  // a distinct piece
  std::span<TokenId> symbols;
  Index count;
};

class Trainer {
 public:
  Trainer(const PieceCounts& pieces, const BpeTraining& training) : settings(training) {
    for (const std::string& special : settings.specials) add_token(special);
    std::array<TokenId, 256> byte_ids;
    for (const unsigned char byte : bytes_by_printable())
      byte_ids[byte] = add_token(printable(std::string(1, char(byte))));
    size_t bytes = 0;
    for (const auto& [piece, count] : pieces.counts()) bytes += piece.size();
    all_symbols.reserve(bytes);
    for (const auto& [piece, count] : pieces.counts()) {
      const auto begin = all_symbols.end();
      for (const char byte : piece)
        all_symbols.push_back(byte_ids[static_cast<unsigned char>(byte)]);
      words.push_back({{begin, all_symbols.end()}, count});
    }
  }

  void run() {
    count_pairs_of_bytes();
    while (Index(tokens.size()) < settings.vocab_size && !heap.empty()) {
      Candidate best = pop();
      if (const Index now = counts[best.pair]; best.count != now) {
        best.count = now;
        push(std::move(best));
        continue;
      }
      if (best.count < std::max<Index>(1, settings.min_frequency)) break;
      merge(best);
    }
  }

  std::vector<std::string> tokens;  // by id
  std::vector<Merge> merges;        // by rank; a pair may be there twice

 private:
  TokenId add_token(const std::string& content) {  // returns the existing id if there is one
    const auto [entry, is_new] = ids.emplace(content, TokenId(tokens.size()));
    if (is_new) tokens.push_back(content);
    return entry->second;
  }

  void count_pairs_of_bytes() {
    Sightings pairs;
    const size_t n = tokens.size();
    for (std::int32_t w = 0; w < std::int32_t(words.size()); ++w)
      for (size_t i = 0; i + 1 < words[size_t(w)].symbols.size(); ++i)
        pairs.add(n * size_t(words[size_t(w)].symbols[i]) + size_t(words[size_t(w)].symbols[i + 1]),
                  words[size_t(w)].count, w);
    pairs.take([&](Sightings::Seen& seen) {
      appears({TokenId(seen.number / n), TokenId(seen.number % n)}, seen);
    });
  }

  void merge(const Candidate& best) {
    const auto [left, right] = best.pair;
    const TokenId result = add_token(tokens[size_t(left)] + tokens[size_t(right)]);
    merges.push_back({left, right, result});
    for (size_t i = 0; i < best.words.size(); ++i) {
      fetch_after(best.words, i);
      merge_in_word(best.words[i], merges.back());
    }
    count_changes(merges.back());
  }

  void fetch_after(const std::vector<std::int32_t>& these, size_t i) const {
    constexpr size_t kAhead = 8;  // a word is far from the one before it in memory
    if (i + 2 * kAhead < these.size()) __builtin_prefetch(&words[size_t(these[i + 2 * kAhead])]);
    if (i + kAhead < these.size())
      __builtin_prefetch(words[size_t(these[i + kAhead])].symbols.data());
  }

  void count_changes(const Merge& merge) {
    Sightings::Seen twice{};  // the result beside itself may be seen from both sides
    const auto comes = [&](Pair pair, Sightings::Seen& seen) {
      if (pair.first != pair.second) return appears(pair, seen);
      std::vector<std::int32_t> both;
      std::ranges::set_union(twice.words, seen.words, std::back_inserter(both));
      twice.words = std::move(both);
      twice.occurrences += seen.occurrences;
    };
    before.take([&](Sightings::Seen& seen) {
      const auto token = TokenId(seen.number);
      counts[{token, merge.left}] -= seen.occurrences;
      comes({token, merge.result}, seen);
    });
    after.take([&](Sightings::Seen& seen) {
      const auto token = TokenId(seen.number);
      counts[{merge.right, token}] -= seen.occurrences;
      comes({merge.result, token}, seen);
    });
    if (twice.occurrences > 0) appears({merge.result, merge.result}, twice);
  }

  void merge_in_word(std::int32_t w, const Merge& merge) {  // from left to right, in place
    auto& [symbols, count] = words[size_t(w)];
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      if (symbols[i] != merge.left || i + 1 == symbols.size() || symbols[i + 1] != merge.right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > 0) before.add(size_t(symbols[kept - 1]), count, w);
      if (i + 2 < symbols.size()) after.add(size_t(symbols[i + 2]), count, w);
      symbols[kept++] = merge.result;
      ++i;
    }
    symbols = symbols.first(kept);
  }

  void appears(Pair pair, Sightings::Seen& seen) {
    const Index count = counts[pair] += seen.occurrences;
    if (count > 0) push({count, pair, std::move(seen.words)});
  }

  void push(Candidate candidate) {
    heap.push_back(std::move(candidate));
    std::push_heap(heap.begin(), heap.end());
  }

  Candidate pop() {
    std::pop_heap(heap.begin(), heap.end());
    Candidate best = std::move(heap.back());
    heap.pop_back();
    return best;
  }

  const BpeTraining& settings;
  std::unordered_map<std::string, TokenId> ids;
  std::vector<TokenId> all_symbols;  // of all words, one word after another
  std::vector<Word> words;
  PairCounts counts;
  Sightings before, after;  // tokens beside the pair that is being merged
  std::vector<Candidate> heap;
};

std::vector<Merge> last_of_each_pair(const std::vector<Merge>& merges) {
  std::vector<Merge> out;
  std::set<Pair> seen;
  for (auto merge = merges.rbegin(); merge != merges.rend(); ++merge)
    if (seen.emplace(merge->left, merge->right).second) out.push_back(*merge);
  std::reverse(out.begin(), out.end());
  return out;
}

void check_training(const BpeTraining& training) {
  const Index least = Index(training.specials.size()) + 256;
  check(training.vocab_size >= least, "--vocab-size: found ", training.vocab_size,
        ", expected at least ", least, " (", training.specials.size(),
        " special tokens and 256 bytes)");
  check(training.min_frequency >= 1, "--min-frequency: found ", training.min_frequency,
        ", expected at least 1");
  std::set<std::string> seen;
  for (const std::string& special : training.specials) {
    const auto bytes = bytes_of_printable(special);
    check(!special.empty() && count_malformed(special) == 0 && !(bytes && bytes->size() == 1),
          "--special: found '", utf8_lossy(special),
          "', expected UTF-8 text that is longer than a byte");
    check(seen.insert(special).second, "--special: '", special, "' is given twice");
  }
}

void add_to(PieceCounts::Counts& counts, std::string_view piece, Index more) {
  const auto found = counts.find(piece);
  if (found != counts.end()) found->second += more;
  else counts.emplace(piece, more);
}

}  // namespace

void PieceCounts::add(std::span<const std::string> documents) {
  std::vector<std::string_view> parts;
  for (const std::string& document : documents)
    for (const auto part : pre_tokenizer.parts(document, size_t(64) << 10)) parts.push_back(part);
  const auto n = Index(parts.size()), shards = std::min<Index>(n, threads());
  std::vector<PieceTable> counted(static_cast<size_t>(shards));
  std::vector<Index> malformed(static_cast<size_t>(shards), 0);
  parallel_for(shards, /*grain=*/1, [&](Index shard) {
    PieceTable& table = counted[size_t(shard)];
    Regex::Scratch scratch;
    const auto count = [&](std::string_view run) {
      pre_tokenizer.split_from(0, run, scratch, [&](std::string_view piece) { table.add(piece); });
    };
    for (Index i = shard; i < n; i += shards)
      for_each_run(parts[size_t(i)], count,
                   [&](std::string_view run) { malformed[size_t(shard)] += count_malformed(run); });
  });
  for (const PieceTable& table : counted)
    table.for_each([&](std::string_view piece, Index count) { add_to(totals, piece, count); });
  for (const Index count : malformed) malformed_total += count;
}

Tokenizer train_bpe(const PieceCounts& pieces, const BpeTraining& training) {
  check_training(training);
  Trainer trainer(pieces, training);
  trainer.run();
  TokenizerParts parts;
  parts.tokens = std::move(trainer.tokens);
  parts.merges = last_of_each_pair(trainer.merges);
  parts.stages = split_stages(training.pre_tokenizer);
  for (size_t id = 0; id < training.specials.size(); ++id)
    parts.added.push_back({TokenId(id), training.specials[id]});
  return Tokenizer(std::move(parts));
}

Tokenizer train_bpe(std::span<const std::string> documents, const BpeTraining& training) {
  check_training(training);
  PieceCounts pieces(training.pre_tokenizer);
  pieces.add(documents);
  return train_bpe(pieces, training);
}

}  // namespace seekling
