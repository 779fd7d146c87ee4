#include "repeats/duplicates.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/parallel.h"
#include "repeats/planted_corpus.h"
#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

class DuplicatesTest : public ScratchTest {
 protected:
  std::vector<Duplicate> found_in(const std::vector<std::string>& texts, double target) const {
    DocumentStore store(dir / "store");
    DuplicateFinder finder({.target = target, .memory = 1, .scratch = dir});
    for (const std::string& text : texts) {
      finder.add(store.size(), finder.keys_of(text));
      store.add(document(text, "a"));
    }
    store.flush();
    std::vector<Duplicate> all;
    finder.for_each(store, [&](const Duplicate& d) { all.push_back(d); });
    for (const Duplicate& d : all) {
      EXPECT_TRUE(finder.dropped(d.document));
      EXPECT_FALSE(finder.dropped(d.kept));
    }
    return all;
  }
};

namespace {

std::string numbers(int from, int to) {
  std::string words;
  for (int i = from; i < to; ++i) words += "n" + std::to_string(i) + " ";
  return words;
}

}  // namespace

TEST_F(DuplicatesTest, OfEqualTextsTheFirstStays) {
  const auto found = found_in({"a b", "c", " A  b", "a  b\n", "...", "c", "!!!", "..."}, 0);
  ASSERT_EQ(found.size(), 3u);
  const std::map<Index, Index> expected{{3, 0}, {5, 1}, {7, 4}};
  for (const Duplicate& d : found) {
    EXPECT_EQ(d.kept, expected.at(d.document));
    EXPECT_TRUE(d.exact);
  }
}

TEST_F(DuplicatesTest, NearOnesAreFoundWithTheirJaccard) {
  const std::string a = numbers(0, 104), b = numbers(5, 104) + "and that is all of it";
  EXPECT_TRUE(found_in({a, b}, 0).empty());
  EXPECT_TRUE(found_in({a, b}, 0.95).empty());
  const auto found = found_in({a, "another text", b}, 0.8);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].document, 2);
  EXPECT_EQ(found[0].kept, 0);
  EXPECT_FALSE(found[0].exact);
  EXPECT_DOUBLE_EQ(found[0].jaccard, jaccard(shingles_of(a), shingles_of(b)));
}

// Each resembles the one before, the last does not resemble the first.
TEST_F(DuplicatesTest, AChainIsNoCluster) {
  std::vector<std::string> chain;
  for (int i = 0; i < 8; ++i) chain.push_back(numbers(10 * i, 10 * i + 104));
  const auto found = found_in(chain, 0.8);  // J of neighbours is 0.82
  ASSERT_EQ(found.size(), 4u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].kept, Index(2 * i));
    EXPECT_EQ(found[i].document, Index(2 * i + 1));
  }
}

TEST_F(DuplicatesTest, ManyCopiesOfOneNameIt) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i)  // more than a window holds
    texts.push_back(numbers(0, 200) + "copy number " + std::to_string(i));
  const auto found = found_in(texts, 0.8);
  ASSERT_EQ(found.size(), 2999u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].document, Index(i + 1));
    EXPECT_EQ(found[i].kept, 0);
  }
}

TEST_F(DuplicatesTest, OfPlantedPairsAlmostAllAreFoundAndNoneBelowTheTarget) {
  const PlantedCorpus corpus = planted_corpus(4000, /*seed=*/20261130);
  for (const double target : {0.6, 0.7, 0.8}) {
    std::map<Index, Duplicate> found;
    for (const Duplicate& d : found_in(corpus.documents, target)) {
      const auto text = [&](Index i) { return corpus.documents[std::size_t(i)]; };
      EXPECT_DOUBLE_EQ(d.jaccard,
                       jaccard(shingles_of(text(d.document)), shingles_of(text(d.kept))));
      EXPECT_GE(d.jaccard, target);
      found[d.document] = d;
    }
    Index near_target = 0, near_found = 0, above = 0, above_found = 0;
    for (const PlantedPair& pair : corpus.pairs) {
      const double j = jaccard(shingles_of(corpus.documents[std::size_t(pair.original)]),
                               shingles_of(corpus.documents[std::size_t(pair.copy)]));
      const bool is_found = found.contains(pair.copy) && found[pair.copy].kept == pair.original;
      if (j >= target && j < target + 0.05) ++near_target, near_found += is_found;
      if (j >= target + 0.1) ++above, above_found += is_found;
      EXPECT_TRUE(j >= target || !is_found);
    }
    EXPECT_GT(near_target, 50) << target;
    EXPECT_GT(above, 200) << target;
    EXPECT_GE(double(near_found), 0.90 * double(near_target)) << target;
    EXPECT_GE(double(above_found), 0.99 * double(above)) << target;
  }
}

TEST_F(DuplicatesTest, AreTheSameForAnyNumberOfThreads) {
  const PlantedCorpus corpus = planted_corpus(500, 5);
  const int before = threads();
  std::vector<std::vector<Duplicate>> found;
  for (const int n : {1, 2, 5}) {
    set_threads(n);
    found.push_back(found_in(corpus.documents, 0.7));
  }
  set_threads(before);
  for (const auto& other : found) {
    ASSERT_EQ(other.size(), found[0].size());
    for (std::size_t i = 0; i < other.size(); ++i) {
      EXPECT_EQ(other[i].document, found[0][i].document);
      EXPECT_EQ(other[i].kept, found[0][i].kept);
    }
  }
}

}  // namespace seekling
