#include "clean/corpus_stats.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "clean/language.h"
#include "core/parallel.h"
#include "data/corpus.h"
#include "repeats/words.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

struct TextStats {
  std::string language;
  Index words = 0, tokens = 0;
};

double per(Index sum, Index count) { return double(sum) / double(std::max<Index>(count, 1)); }

}  // namespace

void CorpusStats::add(std::span<const InputDocument> some) {
  std::vector<TextStats> stats(some.size());
  parallel_for(Index(some.size()), 8, [&](Index i) {
    const std::string& text = some[std::size_t(i)].text;
    TextStats& s = stats[std::size_t(i)];
    s.language = language_of(text);
    s.words = Index(word_hashes(text).size());
    if (tokenizer) s.tokens = Index(tokenizer->encode(text).size());
  });
  for (std::size_t i = 0; i < some.size(); ++i) {
    const Index size = Index(some[i].text.size());
    ++documents;
    bytes += size;
    longest = std::max(longest, size);
    heldout += is_heldout(some[i].text);
    words += stats[i].words;
    tokens += stats[i].tokens;
    language_bytes[stats[i].language] += size;
  }
}

Json CorpusStats::report() const {
  Json report{{"documents", documents},
              {"bytes", bytes},
              {"words", words},
              {"longest_document", longest},
              {"heldout_documents", heldout},
              {"language_bytes", language_bytes}};
  if (tokenizer) {
    report["tokens"] = tokens;
    report["bytes_per_token"] = per(bytes, tokens);
  }
  return report;
}

std::string CorpusStats::summary() const {
  char line[200];
  std::snprintf(line, sizeof line,
                "%ld documents, %ld bytes of text, %ld words; %.1f bytes a document, the longest "
                "has %ld\n",
                long(documents), long(bytes), long(words), per(bytes, documents), long(longest));
  std::string lines = line;
  if (tokenizer) {
    std::snprintf(line, sizeof line, "%ld tokens, %.2f bytes a token\n", long(tokens),
                  per(bytes, tokens));
    lines += line;
  }
  for (const auto& [language, size] : language_bytes) {
    std::snprintf(line, sizeof line, "language %-4s %6.2f %% of the bytes\n", language.c_str(),
                  100 * per(size, bytes));
    lines += line;
  }
  return lines;
}

}  // namespace seekling
