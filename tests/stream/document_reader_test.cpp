#include "stream/document_reader.h"

#include <nlohmann/json.hpp>

#include "refusal.h"
#include "scratch_test.h"
#include "stream/packed.h"

namespace seekling {

using Texts = std::vector<std::string>;

class DocumentReaderTest : public ScratchTest {
 protected:
  std::vector<InputDocument> read(Reading reading) {
    said.clear();
    DocumentReader reader(std::move(reading),
                          [&](const std::string& line) { said.push_back(without_dir(line)); });
    std::vector<InputDocument> all;
    for (auto some = reader.next(); !some.empty(); some = reader.next())
      for (InputDocument& d : some) all.push_back(std::move(d));
    EXPECT_TRUE(reader.next().empty());
    EXPECT_EQ(reader.documents(), Index(all.size()));
    skipped = reader.skipped();
    bytes = reader.bytes();
    malformed = reader.malformed();
    return all;
  }
  Texts texts(Reading reading) {
    Texts all;
    for (const InputDocument& d : read(std::move(reading))) all.push_back(d.text);
    return all;
  }
  Texts texts(const std::filesystem::path& path) { return texts(Reading{.paths = {path}}); }

  Texts said;
  std::map<std::string, Index> skipped;
  Index bytes = 0, malformed = 0;
};

TEST_F(DocumentReaderTest, ALineOfJsonIsADocument) {
  const auto path = file("a.jsonl", "{\"text\": \"A\", \"id\": 7}\r\n\n{\"text\":\"\\u00e9\"}");
  const auto documents = read({.paths = {path}});
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].text, "A");
  EXPECT_EQ(documents[0].line, "{\"text\": \"A\", \"id\": 7}");  // byte for byte
  EXPECT_EQ(without_dir(documents[0].place), "a.jsonl:1");
  EXPECT_EQ(documents[1].text, "é");
  EXPECT_EQ(without_dir(documents[1].place), "a.jsonl:3");
  EXPECT_EQ(bytes, 42);  // with the line breaks
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"blank", 1}}));
  EXPECT_EQ(said, Texts{});
}

TEST_F(DocumentReaderTest, PackedFilesAreReadAsTheOnesInThem) {
  const std::string lines = "{\"text\":\"A\"}\n{\"text\":\"B\"}\n";
  EXPECT_EQ(texts(file("a.jsonl.gz", gzipped(lines))), (Texts{"A", "B"}));
  EXPECT_EQ(texts(file("a.json.zst", zstd_packed(lines))), (Texts{"A", "B"}));
  EXPECT_EQ(texts(file("a.txt.gz", gzipped(lines))), Texts{lines});
  EXPECT_EQ(bytes, Index(lines.size()));
}

TEST_F(DocumentReaderTest, FilesOfOtherEndingsAreJudgedByTheirFirstByte) {
  EXPECT_EQ(texts(file("a.data", "{\"text\":\"A\"}\n")), Texts{"A"});
  EXPECT_EQ(texts(file("b.data", "A\nB")), Texts{"A\nB"});
}

TEST_F(DocumentReaderTest, AnotherKeyOfTheTextBecomesText) {
  const auto path = file("a.jsonl", "{\"id\":1,\"content\":\"A\",\"text\":\"no\"}\n");
  const auto documents = read({.paths = {path}, .text_field = "content"});
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0].text, "A");
  EXPECT_EQ(documents[0].line, "{\"text\":\"A\",\"id\":1}");
}

TEST_F(DocumentReaderTest, OnlyAKeyOfTheObjectItselfIsTheText) {
  EXPECT_EQ(texts(file("a.jsonl",
                       "{\"meta\":{\"text\":\"no\"},\"text\":\"A\",\"b\":[\"no\"]}\n"
                       "[{\"text\":\"no\"}]\n{\"meta\":{\"text\":\"no\"}}\n"
                       "{\"text\":\"no\",\"text\":\"B\"}\n{\"text\":[\"no\"]}\n"
                       "{\"text\":\"no\",\"text\":3}\n{\"a\":1.5,\"text\":\"C\"}\n")),
            (Texts{"A", "B", "C"}));
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"no text", 4}}));
}

TEST_F(DocumentReaderTest, ATextFileIsOneDocument) {
  const auto documents = read({.paths = {file("a.txt", "A\r\nB\n")}});
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0].text, "A\r\nB\n");
  EXPECT_EQ(nlohmann::json::parse(documents[0].line),
            (nlohmann::json{{"text", "A\r\nB\n"}, {"source", (dir / "a.txt").string()}}));
}

TEST_F(DocumentReaderTest, ASeparatorCutsTextFiles) {
  const auto path = file("a.txt", "A\nB\n<|end|>\nC\n<|end|>\n\n<|end|>\nD <|end|>\n");
  EXPECT_EQ(texts({.paths = {path}, .separator = "<|end|>"}),
            (Texts{"A\nB\n", "C\n", "D <|end|>\n"}));
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"blank", 1}}));
}

TEST_F(DocumentReaderTest, MarksOfUnicodeAreNoText) {
  EXPECT_EQ(texts(file("a.txt",
                       "\xEF\xBB\xBF"
                       "A")),
            Texts{"A"});
  EXPECT_EQ(texts(file("b.txt", std::string("\xFF\xFE\x43\x00\x0A\x00", 6))), Texts{"C\n"});
  EXPECT_EQ(texts(file("c.jsonl", "\xEF\xBB\xBF{\"text\":\"A\"}\n")), Texts{"A"});
  EXPECT_EQ(without_dir(refusal([&] { texts(file("d.jsonl", std::string("\xFF\xFE{\x00", 4))); })),
            "d.jsonl: is UTF-16 or UTF-32; convert it first: iconv -f UTF-16 -t UTF-8");
  EXPECT_EQ(without_dir(refusal([&] { texts(file("e.jsonl", "PAR1....")); })),
            "e.jsonl: is a Parquet table, not text; give its texts as "
            ".jsonl");
}

TEST_F(DocumentReaderTest, MalformedBytesAreReplacedAndCounted) {
  EXPECT_EQ(texts(file("a.txt",
                       "A\xFF"
                       "B\xC3")),
            Texts{"A\uFFFDB\uFFFD"});
  EXPECT_EQ(malformed, 2);
  EXPECT_EQ(texts(file("a.jsonl", "{\"text\":\"A\xFF\"}\n")), Texts{"A\uFFFD"});
  EXPECT_EQ(malformed, 1);
}

TEST_F(DocumentReaderTest, WhatIsNoDocumentIsSkippedCountedAndToldOnce) {
  const auto path = file("a.jsonl",
                         "{\"text\":\"A\"}\n{\"text\":\"cut in the mid\n[1]\n{\"text\":3}\nnull\n"
                         "{\"text\":\" \"}\n{\"text\":\"B\"}\n{\"text\"");
  EXPECT_EQ(texts(path), (Texts{"A", "B"}));
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"blank", 1}, {"no text", 3}, {"not JSON", 2}}));
  EXPECT_EQ(said, (Texts{"a.jsonl:2: found {\"text\":\"cut in the mid, which is not JSON, or nests "
                         "too deep; expected one object per line; it is skipped",
                         "a.jsonl:3: found [1], which has no text under the key \"text\"; "
                         "--text-field names another key; it is skipped"}));
}

TEST_F(DocumentReaderTest, ALineThatNestsTooDeepIsSkippedBeforeItTakesMemory) {
  const std::string good = "{\"text\":\"A\"}\n", deep(20'000'000, '[');
  const std::string levels = R"({"text":"B","of":)" + std::string(63, '[') + std::string(63, ']');
  EXPECT_EQ(texts(file("a.jsonl", deep + "\n" + good + levels + "}\n")), (Texts{"A", "B"}));
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"not JSON", 1}}));
  EXPECT_EQ(said,
            Texts{"a.jsonl:1: found " + std::string(40, '[') +
                  "..., which is not JSON, or nests too deep; expected one object per line; it "
                  "is skipped"});
}

TEST_F(DocumentReaderTest, ALongLineIsReadPastInBoundedMemory) {
  const std::string good = "{\"text\":\"A\"}\n";
  const auto path = file("a.jsonl", good + std::string(5'000'000, 'x') + "\n" + good);
  EXPECT_EQ(texts({.paths = {path}, .longest = 1000}), (Texts{"A", "A"}));
  EXPECT_EQ(skipped, (std::map<std::string, Index>{{"too long", 1}}));
  EXPECT_EQ(said, Texts{"a.jsonl:2: is longer than 1000 bytes; it is skipped"});
  const auto long_text = file("b.txt", std::string(2000, 'x') + "\n--\nB\n");
  EXPECT_EQ(texts({.paths = {long_text}, .longest = 1000}), Texts{});
  EXPECT_EQ(said, Texts{"b.txt: is longer than 1000 bytes; --separator names the line between the "
                        "documents of a text file; it is skipped"});
  EXPECT_EQ(texts({.paths = {long_text}, .separator = "--", .longest = 1000}), Texts{"B\n"});
}

TEST_F(DocumentReaderTest, AFolderIsItsTextsInSortedOrder) {
  file("in/b.txt", "B"), file("in/a/z.jsonl.gz", gzipped("{\"text\":\"Z\"}\n"));
  file("in/c.png", "C"), file("in/.hidden.txt", "H");
  EXPECT_EQ(texts(dir / "in"), (Texts{"Z", "B"}));
  EXPECT_EQ(said, Texts{"note: skipped 1 files whose names are not those of text or JSON lines, "
                        "such as in/c.png"});
}

TEST_F(DocumentReaderTest, TheSizeOfBatchesChangesNothing) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "{\"text\":\"" + std::to_string(i) + "\"}\n";
  const auto path = file("a.jsonl", lines);
  const Texts all = texts(path);
  EXPECT_EQ(all.size(), 3000u);
  EXPECT_EQ(texts({.paths = {path}, .batch = 1}), all);
  EXPECT_EQ(bytes, Index(lines.size()));
}

TEST_F(DocumentReaderTest, AMissingFileAndABrokenOneAreErrors) {
  EXPECT_EQ(refusal([&] { texts(std::filesystem::path("none.txt")); }),
            "none.txt: no such file or folder; give files or folders of text, or - for standard "
            "input");
  const std::string packed = gzipped("{\"text\":\"A\"}\n");
  EXPECT_EQ(
      without_dir(refusal([&] { texts(file("a.jsonl.gz", packed.substr(0, packed.size() - 3))); })),
      "a.jsonl.gz: its gzip data ends in the middle after 13 bytes of text; download the file "
      "again");
}

}  // namespace seekling
