#include "clean/corpus_stats.h"

#include <gtest/gtest.h>

#include "data/corpus.h"
#include "stream/document.h"
#include "text/bpe_train.h"

namespace seekling {

TEST(CorpusStats, CountDocumentsWordsTokensAndLanguages) {
  const std::vector<InputDocument> documents{document("The cat is in the house.", "a"),
                                             document("猫がいる。", "b")};
  CorpusStats stats(train_bpe(std::vector<std::string>{}, {.vocab_size = 259}));
  stats.add(std::span(documents).first(1));
  stats.add(std::span(documents).subspan(1));
  const auto report = stats.report();
  EXPECT_EQ(report["documents"], 2);
  EXPECT_EQ(report["bytes"], 24 + 15);
  EXPECT_EQ(report["words"], 6 + 4);
  EXPECT_EQ(report["longest_document"], 24);
  EXPECT_EQ(report["tokens"], 39);  // bytes, as the vocabulary has no others
  EXPECT_EQ(report["bytes_per_token"], 1);
  EXPECT_EQ(report["heldout_documents"],
            int(is_heldout(documents[0].text)) + int(is_heldout(documents[1].text)));
  EXPECT_EQ(report["language_bytes"], (nlohmann::ordered_json{{"en", 24}, {"ja", 15}}));
  EXPECT_EQ(stats.summary(),
            "2 documents, 39 bytes of text, 10 words; 19.5 bytes a document, the longest has 24\n"
            "39 tokens, 1.00 bytes a token\n"
            "language en    61.54 % of the bytes\n"
            "language ja    38.46 % of the bytes\n");
  EXPECT_FALSE(CorpusStats(std::nullopt).report().contains("tokens"));
}

}  // namespace seekling
