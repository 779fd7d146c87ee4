// A pile of sound documents with copies, near copies, junk, another language and leaked questions
// planted in it: of each stage, how many of the planted documents it drops, and how many others.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "clean/clean.h"
#include "repeats/planted_corpus.h"
#include "repeats/words.h"
#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

namespace {

struct Planted {
  std::string text, kind;
};

// Sentences of random English words, with the frequent ones among them.
std::string sound(Rng& rng) {
  static constexpr const char* kFrequent[] = {"the",  "of",   "and", "to",
                                              "that", "with", "was", "in"};
  std::string text;
  for (Index sentence = 8 + rng.below(10); sentence > 0; --sentence) {
    for (Index word = 8 + rng.below(12); word > 0; --word)
      text += (rng.uniform() < 0.4 ? kFrequent[rng.below(8)] : planted::random_word(rng)) + " ";
    text += planted::random_word(rng) + ".\n";
  }
  return text;
}

// One word in fifty is another one.
std::string near_copy(const std::string& text, Rng& rng) {
  std::string copy;
  std::istringstream words(text);
  for (std::string word; words >> word;)
    copy += (rng.uniform() < 0.02 ? planted::random_word(rng) : word) + " ";
  return copy + ".";
}

std::string junk(Rng& rng) {
  std::string text;
  const bool menu = rng.below(2) == 0;
  for (int i = 0; i < 40; ++i) {
    if (menu) text += "Home | News | Contact | About us\n";
    else
      for (int k = 0; k < 40; ++k) text += char('+' + rng.below(80));
  }
  return text;
}

std::string german(Rng& rng) {
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += (i % 2 == 0   ? "der "
             : i % 3 == 0 ? "nicht "
                          : "und ") +
            planted::random_word(rng) + " ";
  return text + ".";
}

std::string question(Index i) {
  return "Where did the gardener number " + std::to_string(i) + " put the key of the old gate?";
}

std::vector<Planted> pile(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Planted> all;
  for (Index i = 0; i < 2000; ++i) {
    const std::string text = sound(rng);
    all.push_back({text, "sound"});
    if (i % 5 == 0) all.push_back({text, "exact duplicate"});
    if (i % 5 == 1) {
      const std::string copy = near_copy(text, rng);
      const double j = jaccard(shingles_of(text), shingles_of(copy));
      all.push_back({copy, text_hash(copy) == text_hash(text) ? "exact duplicate"
                           : j >= DedupOptions().target       ? "near duplicate"
                                                              : "sound"});
    }
    if (i % 20 == 2) all.push_back({junk(rng), "junk"});
    if (i % 20 == 3) all.push_back({german(rng), "language"});
    if (i % 40 == 4) all.push_back({sound(rng) + question(i) + "\n" + sound(rng), "contamination"});
  }
  return all;
}

}  // namespace

class PileTest : public ScratchTest {
 protected:
  // The kind of what dropped each document, by its number.
  std::map<Index, std::string> dropped_from(const std::vector<Planted>& all) const {
    EvaluationSet questions;
    for (Index i = 0; i < 2000; ++i) questions.add(question(i), "questions");
    std::vector<InputDocument> documents;
    for (const Planted& p : all)
      documents.push_back(document(p.text, std::to_string(documents.size())));
    CleanOutput out({.folder = dir / "out"});
    out.come_in(documents);
    Clean clean({.languages = {"en", "und"}}, std::move(questions), out);
    Dedup dedup({}, out);
    dedup.add(clean.clean(documents));
    dedup.finish();
    DocumentReader nothing({.paths = {file("empty.txt", "")}}, [](const std::string&) {});
    out.finish(nothing, nlohmann::ordered_json::object());
    std::map<Index, std::string> dropped;
    std::istringstream lines(read_file(dir / "out" / "dropped.ndjson"));
    for (std::string line; std::getline(lines, line);) {
      const auto row = nlohmann::json::parse(line);
      const std::string rule = row["rule"];
      const bool filter = rule.find("_m") != rule.npos;  // gopher_min_words, c4_max_...
      dropped[std::stol(row["document"].get<std::string>())] = filter ? "junk" : rule;
    }
    return dropped;
  }
};

TEST_F(PileTest, EachStageDropsWhatWasPlantedForItAndLittleElse) {
  const std::vector<Planted> all = pile(/*seed=*/30112026);
  const auto dropped = dropped_from(all);
  std::map<std::string, Index> planted, right, wrong;
  for (Index i = 0; i < Index(all.size()); ++i) {
    const std::string& kind = all[std::size_t(i)].kind;
    ++planted[kind];
    if (const auto at = dropped.find(i); at != dropped.end())
      ++(at->second == kind ? right : wrong)[at->second];
  }
  for (const std::string kind :
       {"exact duplicate", "near duplicate", "junk", "language", "contamination"}) {
    const double recall = double(right[kind]) / double(planted[kind]),
                 precision = double(right[kind]) / double(right[kind] + wrong[kind]);
    EXPECT_GE(planted[kind], 50) << kind;
    EXPECT_GE(recall, kind == "near duplicate" ? 0.95 : 0.99) << kind;  // found: 0.987 and 1
    EXPECT_GE(precision, 0.99) << kind;                                 // found: 1
  }
}

}  // namespace seekling
