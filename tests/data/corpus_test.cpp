#include "data/corpus.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "refusal.h"

namespace seekling {

namespace fs = std::filesystem;

class CorpusTest : public testing::Test {
 protected:
  CorpusTest() { fs::create_directories(dir); }
  ~CorpusTest() override { fs::remove_all(dir); }

  fs::path file(const std::string& name, const std::string& contents) const {
    fs::create_directories((dir / name).parent_path());
    std::ofstream(dir / name, std::ios::binary) << contents;
    return dir / name;
  }

  static std::vector<std::string> documents(const Corpus& corpus) {
    std::vector<std::string> all;
    corpus.for_each([&](std::string_view document) { all.emplace_back(document); });
    return all;
  }

  // The sentence that reading the corpus ends with, with the temporary folder's name taken out.
  std::string refusal_of(const std::vector<fs::path>& paths) const {
    std::string sentence = refusal([&] { documents(Corpus(paths)); });
    for (std::size_t at; (at = sentence.find(dir.string() + "/")) != sentence.npos;)
      sentence.erase(at, dir.string().size() + 1);
    return sentence;
  }

  const fs::path dir = fs::temp_directory_path() / text("seekling_corpus_", ::getpid());
};

using Texts = std::vector<std::string>;

TEST_F(CorpusTest, ATextFileIsOneDocumentByteForByte) {
  const std::string bytes = std::string("caf\xC3\xA9\r\n\xFF") + '\0' + "end\n";
  EXPECT_EQ(documents(Corpus({file("a.log", bytes)})), Texts{bytes});
}

TEST_F(CorpusTest, MarksAtTheBeginningOfAFileAreNoText) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(documents(Corpus({file("a.txt", mark + "A")})), Texts{"A"});
  EXPECT_EQ(documents(Corpus({file("b.jsonl", mark + "{\"text\": \"B\"}\r\n")})), Texts{"B"});
  EXPECT_EQ(documents(Corpus({file("c.txt", std::string("\xFF\xFE\x43\x00", 4))})), Texts{"C"});
  EXPECT_EQ(refusal_of({file("d.txt", "\x1F\x8B\x08")}),
            "d.txt: is compressed by gzip, not text; unpack it first: "
            "gunzip");
}

TEST_F(CorpusTest, AnArrayInAJsonFileHoldsADocumentInEachElement) {
  EXPECT_EQ(documents(Corpus({file("a.json", R"([{"text": "A", "id": 3}, "B"])")})),
            (Texts{"A", "B"}));
  EXPECT_EQ(documents(Corpus({file("b.json", "{\"text\": \"A\"}\n{\"text\": \"B\"}\n")})),
            (Texts{"A", "B"}));
  EXPECT_EQ(documents(Corpus({file("c.json", R"({"text": "A"})")})), Texts{"A"});
  EXPECT_EQ(refusal_of({file("d.json", R"([{"story": "A"}])")}),
            "d.json: found {\"story\":\"A\"}, expected a JSON array of texts or of objects such as "
            "{\"text\": \"...\"}; to train on the file as it is, give it the ending .txt");
}

TEST_F(CorpusTest, AFolderIsItsTextsInSortedOrder) {
  file("in/b.txt", "B"), file("in/a/z.md", "Z"), file("in/c.jsonl", "{\"text\": \"C\"}\n"),
      file("in/d.bin", "D");
  file("in/empty.txt", "");
  EXPECT_EQ(documents(Corpus({dir / "in"})), (Texts{"Z", "B", "C"}));
  EXPECT_EQ(Corpus({dir / "in"}).bytes(), 1 + 1 + 14);
}

TEST_F(CorpusTest, ALinkedFolderIsReadOnce) {
  file("in/a.txt", "A"), file("elsewhere/b.txt", "B");
  fs::create_directory_symlink(dir / "elsewhere", dir / "in/link");
  fs::create_directory_symlink(dir / "elsewhere", dir / "in/twice");
  fs::create_directory_symlink(dir / "in", dir / "elsewhere/back");
  EXPECT_EQ(documents(Corpus({dir / "in"})), (Texts{"A", "B"}));
}

TEST_F(CorpusTest, AFolderSaysWhatItPassesOver) {
  file("in/b.txt", "B"), file("in/d.bin", "D"), file("in/a/c.csv", "C"), file("in/.git/e.txt", "E"),
      file("in/.f.txt", "F");
  const Corpus corpus({dir / "in"});
  EXPECT_EQ(documents(corpus), Texts{"B"});
  EXPECT_EQ(corpus.skipped(), (std::vector<fs::path>{dir / "in/a/c.csv", dir / "in/d.bin"}));
}

TEST_F(CorpusTest, AFileAFolderAndJsonlOfOneTextAreTheSameDocument) {
  const std::string words = "Once \"upon\"\n\na time\t\xE3\x81\x82\n";
  const fs::path plain = file("in/a.txt", words);
  const fs::path lines =
      file("a.jsonl", "{\"text\": \"Once \\\"upon\\\"\\n\\na time\\t\xE3\x81\x82\\n\"}\n");
  EXPECT_EQ(documents(Corpus({plain})), Texts{words});
  EXPECT_EQ(documents(Corpus({dir / "in"})), Texts{words});
  EXPECT_EQ(documents(Corpus({lines})), Texts{words});
}

TEST_F(CorpusTest, ALineOfJsonlIsADocument) {
  const fs::path path =
      file("a.jsonl",
           "{\"text\": \"one\\n\\u00e9\", \"id\": 3}\r\n\n{\"text\": \"\"}\n{\"text\": \"two\"}");
  EXPECT_EQ(documents(Corpus({path})), (Texts{"one\n\xC3\xA9", "two"}));
}

TEST_F(CorpusTest, SaysWhatIsWrong) {
  fs::create_directories(dir / "none");
  EXPECT_EQ(refusal_of({}),
            "--data: names no file; give text files, .jsonl files or folders of them");
  EXPECT_EQ(
      refusal_of({dir / "gone.txt"}),
      "gone.txt: no such file or folder; --data takes text files, .jsonl files or folders of them");
  EXPECT_EQ(refusal_of({dir / "none"}),
            "none: found no .txt, .md or .jsonl file in this folder or below it; if the files have "
            "another ending, name the files themselves");
  EXPECT_EQ(refusal_of({file("a.txt", ""), file("b.txt", "")}),
            "a.txt, b.txt: found 0 bytes of text; --data needs at least one document");
  EXPECT_EQ(refusal_of({file("c.jsonl", "\n{\"text\": \"\"}\n")}),
            "c.jsonl: found no text, only white space; --data needs at least one document");
  EXPECT_EQ(refusal_of({file("d.jsonl", "{\"text\": \"x\"}\n{\"text\": \n")}),
            "d.jsonl:2: found {\"text\": , which is not JSON; expected an object such as "
            "{\"text\": \"...\"}; correct the line or remove it");
  EXPECT_EQ(refusal_of({file("e.jsonl", "{\"text\": 3}")}),
            "e.jsonl:1: found {\"text\": 3}, without a string under the key \"text\"; expected an "
            "object such as {\"text\": "
            "\"...\"}; correct the line or remove it");
  EXPECT_EQ(refusal_of({file("f.jsonl", "[1]")}),
            "f.jsonl:1: found [1], without a string under the key \"text\"; expected an object "
            "such as {\"text\": \"...\"}; correct the line or remove it");
  EXPECT_EQ(refusal_of({file("g.txt", " \n\t\r\n ")}),
            "g.txt: found no text, only white space; --data needs at least one document");
  EXPECT_EQ(refusal_of({file("h.jsonl", "{\"text\": \"x\"}\n{\"text\": \"caf\xE9\"}\n")}),
            "h.jsonl:2: found bytes that are not UTF-8, which JSON does not allow; correct the "
            "line, or give the text as "
            "a .txt file, where they are kept");
  EXPECT_EQ(refusal_of({"/dev/null"}),
            "/dev/null: is not an ordinary file; give a file, not a pipe or a device");
}

TEST_F(CorpusTest, SaysThatAFileIsUnreadable) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const fs::path path = file("secret.txt", "x");
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(refusal_of({path}), "secret.txt: cannot be read: Permission denied");
}

static Texts train_part(const Split& split) {
  Texts all;
  split.for_each_train([&](std::string_view part) { all.emplace_back(part); });
  return all;
}

static Texts heldout_part(const Split& split) {
  Texts all;
  split.for_each_heldout([&](std::string_view part) { all.emplace_back(part); });
  return all;
}

TEST_F(CorpusTest, AFewDocumentsAreCutAtALineBreakNearTheirEnd) {
  const std::string head(979, 'a'), tail(15, 'b');  // 1000 bytes: the last 2 % begin at 980
  const Corpus corpus({file("a.txt", head + "xxxx\n" + tail + "\n")});
  const Split split(corpus);
  EXPECT_FALSE(split.whole_documents);
  EXPECT_EQ(train_part(split), Texts{head + "xxxx\n"});
  EXPECT_EQ(heldout_part(split), Texts{tail + "\n"});
  EXPECT_EQ(split.train_bytes, 984);
  EXPECT_EQ(split.heldout_bytes, 16);
}

TEST_F(CorpusTest, ADocumentWithoutLineBreaksIsCutBetweenCharacters) {
  std::string kana;  // 100 characters of 3 bytes: 2 % of 300 is 6, and 294 is a border
  for (int i = 0; i < 100; ++i) kana += "\xE3\x81\x82";
  const Corpus corpus({file("a.txt", "." + kana)});
  const Split split(corpus);
  EXPECT_EQ(heldout_part(split), Texts{kana.substr(0, 6)});
  const Corpus shifted({file("b.txt", kana + ".")});
  EXPECT_EQ(heldout_part(Split(shifted)), Texts{kana.substr(0, 6) + "."});
}

TEST_F(CorpusTest, ADocumentUnderFiftyBytesIsLearnedFromWhole) {
  const Corpus corpus({file("a.txt", "hello")});
  const Split split(corpus);
  EXPECT_EQ(train_part(split), Texts{"hello"});
  EXPECT_EQ(heldout_part(split), Texts{});
  EXPECT_EQ(split.heldout_bytes, 0);
}

TEST_F(CorpusTest, OfManyDocumentsOneInFiftyIsHeldOutAndCopiesStayTogether) {
  std::string lines;
  for (int copy = 0; copy < 2; ++copy)
    for (int i = 0; i < 5000; ++i) lines += text("{\"text\": \"document ", i, "\"}\n");
  const Corpus corpus({file("a.jsonl", lines)});
  const Split split(corpus);
  EXPECT_TRUE(split.whole_documents);
  EXPECT_EQ(split.documents, 10000);
  const Texts train = train_part(split), heldout = heldout_part(split);
  EXPECT_EQ(train.size() + heldout.size(), 10000u);
  EXPECT_NEAR(double(heldout.size()), 200, 4 * 20);  // copies double the deviation: 2 sqrt(100)
  const std::set<std::string> learned(train.begin(), train.end());
  for (const std::string& document : heldout) EXPECT_FALSE(learned.contains(document)) << document;
}

TEST_F(CorpusTest, ManyCopiesOfOneDocumentFallBackToTails) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "{\"text\": \"" + std::string(100, 'x') + "\"}\n";
  const Corpus corpus({file("a.jsonl", lines)});
  const Split split(corpus);
  EXPECT_FALSE(split.whole_documents);
  EXPECT_EQ(split.heldout_bytes, 200 * 2);
}

}  // namespace seekling
