#include "clean/dedup.h"

#include "refusal.h"
#include "scratch_test.h"

namespace seekling {

using Json = nlohmann::ordered_json;

class DedupTest : public ScratchTest {
 protected:
  std::string run(const std::filesystem::path& input, const DedupOptions& options) const {
    DocumentReader reader({.paths = {input}}, [](const std::string&) {});
    CleanOutput out({.folder = dir / "out", .sources = {input}});
    Dedup dedup(options, out);
    for (auto some = reader.next(); !some.empty(); some = reader.next()) {
      out.come_in(some);
      dedup.add(some);
    }
    out.finish(reader, dedup.finish());
    return out.summary();
  }
  std::string written(const std::string& name) const { return read_file(dir / "out" / name); }
};

TEST_F(DedupTest, WritesWhatIsKeptAndWhatIsNot) {
  const auto input = file("a.jsonl",
                          "{\"text\":\"A b\",\"id\":1}\n{\"text\":\"A  b\"}\n"
                          "{\"text\":\"C\"}\nno JSON\n{\"text\":\"C\"}\n");
  const std::string summary = run(input, {});
  EXPECT_EQ(written("text.jsonl"), "{\"text\":\"A b\",\"id\":1}\n{\"text\":\"C\"}\n");
  EXPECT_EQ(without_dir(written("dropped.ndjson")),
            "{\"document\":\"a.jsonl:2\",\"rule\":\"exact duplicate\",\"kept\":\"a.jsonl:1\","
            "\"begins\":\"A  b\"}\n"
            "{\"document\":\"a.jsonl:5\",\"rule\":\"exact duplicate\",\"kept\":\"a.jsonl:3\","
            "\"begins\":\"C\"}\n");
  const Json report = Json::parse(written("report.json"));
  EXPECT_EQ(report["documents"], (Json{{"documents", 4}, {"bytes", 9}}));
  EXPECT_EQ(report["dropped"]["exact duplicate"], (Json{{"documents", 2}, {"bytes", 5}}));
  EXPECT_EQ(report["kept"], (Json{{"documents", 2}, {"bytes", 4}}));
  EXPECT_EQ(report["skipped"], (Json{{"not JSON", 1}}));
  EXPECT_EQ(report["dedup"], (Json{{"target_jaccard", 0.8}, {"bands", 18}, {"rows", 7}}));
  EXPECT_EQ(summary,
            "came in                                         4 documents              9 bytes of "
            "text\n"
            "skipped, not JSON: 1\n"
            "dropped, exact duplicate                        2 documents              5 bytes of "
            "text\n"
            "kept                                            2 documents              4 bytes of "
            "text\n");
}

TEST_F(DedupTest, LinesThatStoodBeforeAreRemovedFromWhatIsKept) {
  run(file("a.jsonl",
           "{\"text\":\"Home | About\\nA\"}\n{\"text\":\"Home | About\\nB\",\"id\":1}\n"
           "{\"text\":\"Home | About\"}\n"),
      {.line_length = 5});
  EXPECT_EQ(written("text.jsonl"), "{\"text\":\"Home | About\\nA\"}\n{\"text\":\"B\",\"id\":1}\n");
  EXPECT_EQ(without_dir(written("dropped.ndjson")),
            "{\"document\":\"a.jsonl:3\",\"rule\":\"every line repeated\",\"begins\":\"Home | "
            "About\"}\n");
  EXPECT_EQ(Json::parse(written("report.json"))["dedup"]["repeated_lines"], 2);
}

TEST_F(DedupTest, PassagesThatStoodBeforeAreRemovedBeforeLinesAre) {
  run(file("a.jsonl",
           "{\"text\":\"One two three four.\\nA line, all\"}\n"
           "{\"text\":\"Now: one two three four. Five\\nA line, all\",\"id\":1}\n"
           "{\"text\":\"two, three, four. A line\"}\n"),
      {.target = 0, .passage_words = 4, .line_length = 5});
  EXPECT_EQ(written("text.jsonl"),
            "{\"text\":\"One two three four.\\nA line, all\"}\n"
            "{\"text\":\"Now: Five\\n\",\"id\":1}\n");
  EXPECT_EQ(without_dir(written("dropped.ndjson")),
            "{\"document\":\"a.jsonl:3\",\"rule\":\"every passage repeated\",\"begins\":\"two, "
            "three, four. A line\"}\n");
  const Json report = Json::parse(written("report.json"));
  EXPECT_EQ(report["dedup"]["repeated_passages"], 2);
  EXPECT_EQ(report["dedup"]["words_in_repeated_passages"], 9);
  EXPECT_EQ(report["dedup"]["repeated_lines"], 1);
}

TEST_F(DedupTest, ARunThatFailsLeavesTheOldOutput) {
  run(file("a.jsonl", "{\"text\":\"A\"}\n"), {});
  const std::string before = written("text.jsonl");
  EXPECT_EQ(refusal([&] { run(file("b.jsonl", "{\"content\":\"B\"}\n"), {}); }),
            "found no document in the input; the messages above say what was skipped");
  EXPECT_EQ(written("text.jsonl"), before);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "out"))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"dropped.ndjson", "report.json", "text.jsonl"}));
}

}  // namespace seekling
