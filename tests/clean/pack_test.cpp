#include "clean/pack.h"

#include <map>
#include <set>

#include "core/parallel.h"
#include "data/batches.h"
#include "data/corpus.h"
#include "refusal.h"
#include "scratch_test.h"
#include "stream/document.h"
#include "text/bpe_train.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

Tokenizer tokenizer(bool with_fim = true) {
  BpeTraining training{.vocab_size = 262};
  if (with_fim)
    for (const char* token : {kFimBegin, kFimHole, kFimEnd}) training.specials.push_back(token);
  return train_bpe(std::vector<std::string>{}, training);
}

std::vector<InputDocument> documents(int n) {
  std::vector<InputDocument> all;
  for (int i = 0; i < n; ++i) {
    std::string text = "Document " + std::to_string(i);
    for (int k = 0; k < i * 37 % 91; ++k) text += "é";
    all.push_back(document(text, std::to_string(i)));
  }
  return all;
}

}  // namespace

class PackTest : public ScratchTest {
 protected:
  Json pack(const std::vector<InputDocument>& all, const PackOptions& options) const {
    const Tokenizer t = tokenizer();
    Pack pack(options, t, dir / "train.bin", dir / "heldout.bin");
    pack.add(std::span(all).first(all.size() / 2));
    pack.add(std::span(all).subspan(all.size() / 2));
    return pack.finish();
  }

  // The documents of a file as texts, bos and eos left out, other specials kept.
  std::vector<std::string> texts_in(const char* name) const {
    const Tokenizer t = tokenizer();
    const TokenFile file(dir / name);
    std::vector<std::string> texts;
    std::vector<TokenId> ids;
    for (Index i = 0; i < file.size(); ++i) {
      if (file[i] == t.bos()) continue;
      if (file[i] != t.eos()) ids.push_back(file[i]);
      else texts.push_back(t.decode(ids)), ids.clear();
    }
    return texts;
  }
};

TEST_F(PackTest, EveryDocumentIsInOneOfTheFilesBySplitOfItsHash) {
  const auto all = documents(500);
  const Json report = pack(all, {.seq_len = 64});
  std::multiset<std::string> train, heldout;
  Index bytes = 0;
  for (const InputDocument& d : all) {
    (is_heldout(d.text) ? heldout : train).insert(d.text);
    if (!is_heldout(d.text)) bytes += Index(d.text.size());
  }
  const auto learned = texts_in("train.bin"), kept = texts_in("heldout.bin");
  EXPECT_EQ(std::multiset<std::string>(learned.begin(), learned.end()), train);
  EXPECT_EQ(std::multiset<std::string>(kept.begin(), kept.end()), heldout);
  EXPECT_GT(heldout.size(), 0u);
  EXPECT_EQ(report["train"]["documents"], train.size());
  EXPECT_EQ(report["train"]["bytes"], bytes);
  EXPECT_EQ(report["train"]["tokens"], TokenFile(dir / "train.bin").size());
  EXPECT_EQ(report["heldout"]["documents"], heldout.size());
}

TEST_F(PackTest, RowsHoldDocumentsWholeAndReadLittleTwice) {
  const auto all = documents(2000);
  const Json report = pack(all, {.seq_len = 127});
  EXPECT_EQ(report["rows"],
            row_starts(TokenFile(dir / "train.bin"), 127, tokenizer().bos()).size());
  EXPECT_LT(report["tokens_read_twice"], 0.05);
  const Json in_order = pack(all, {.seq_len = 127, .window = 1});  // one document at a time
  EXPECT_GT(in_order["tokens_read_twice"], 4 * report["tokens_read_twice"].get<double>());
  EXPECT_GT(report["documents_longer_than_a_row"], 0);
}

TEST_F(PackTest, FillInTheMiddleIsPrefixSuffixMiddle) {
  const auto all = documents(1000);
  const Json report = pack(all, {.seq_len = 64, .fim_rate = 0.3});
  const double share =
      report["fim_documents"].get<double>() / report["train"]["documents"].get<double>();
  EXPECT_NEAR(share, 0.3, 0.05);
  std::set<std::string> known;
  for (const InputDocument& d : all) known.insert(d.text);
  Index fim = 0, with_middle = 0;
  for (const std::string& text : texts_in("train.bin")) {
    if (!text.starts_with(kFimBegin)) {
      EXPECT_TRUE(known.contains(text));
      continue;
    }
    const std::size_t begin = std::string_view(kFimBegin).size(), hole = text.find(kFimHole),
                      end = text.find(kFimEnd);
    ASSERT_NE(hole, text.npos);
    ASSERT_LT(hole, end);
    const std::string prefix = text.substr(begin, hole - begin),
                      suffix = text.substr(hole + std::string_view(kFimHole).size(),
                                           end - hole - std::string_view(kFimHole).size()),
                      middle = text.substr(end + std::string_view(kFimEnd).size());
    EXPECT_TRUE(known.contains(prefix + middle + suffix)) << text;  // cut between characters
    with_middle += !middle.empty();
    ++fim;
  }
  EXPECT_EQ(fim, report["fim_documents"]);
  EXPECT_GT(with_middle, fim * 9 / 10);
  for (const std::string& text : texts_in("heldout.bin")) EXPECT_TRUE(known.contains(text));
}

TEST_F(PackTest, AreTheSameBytesForAnyNumberOfThreads) {
  const int before = threads();
  std::set<std::string> files;
  for (const int n : {1, 2, 3}) {
    set_threads(n);
    pack(documents(700), {.seq_len = 64, .fim_rate = 0.1});
    files.insert(read_file(dir / "train.bin") + read_file(dir / "heldout.bin"));
  }
  set_threads(before);
  EXPECT_EQ(files.size(), 1u);
}

TEST_F(PackTest, ATokenizerWithoutTheTokensAndTooLittleTextAreRefused) {
  const Tokenizer without = tokenizer(false);
  EXPECT_EQ(
      refusal([&] { Pack({.fim_rate = 0.1}, without, dir / "train.bin", dir / "heldout.bin"); }),
      "--fim-rate: the tokenizer has no token <｜fim▁begin｜>; use DeepSeek-V3's tokenizer, or let "
      "`data pack` train one");
  EXPECT_EQ(refusal([&] { pack({document("A", "a")}, {.seq_len = 64}); }),
            "found 3 training tokens, fewer than one row of --seq-len 64; give more "
            "text or a smaller --seq-len");
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

}  // namespace seekling
