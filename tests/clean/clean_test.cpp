#include "clean/clean.h"

#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

using Json = nlohmann::ordered_json;

class CleanTest : public ScratchTest {
 protected:
  // The texts that are left.
  std::vector<std::string> cleaned(const std::vector<InputDocument>& documents,
                                   const CleanOptions& options, EvaluationSet evaluation = {}) {
    const auto input = file("in.jsonl", [&] {
      std::string lines;
      for (const InputDocument& d : documents) lines += d.line + "\n";
      return lines;
    }());
    DocumentReader reader({.paths = {input}}, [](const std::string&) {});
    CleanOutput out({.folder = dir / "out"});
    Clean clean(options, std::move(evaluation), out);
    std::vector<std::string> texts;
    for (auto some = reader.next(); !some.empty(); some = reader.next()) {
      out.come_in(some);
      for (const InputDocument& d : clean.clean(std::move(some))) {
        out.keep(d.line, d.place, Index(d.text.size()));
        texts.push_back(d.text);
        EXPECT_EQ(text_of_line(d.line), d.text);
      }
    }
    details = clean.details();
    out.finish(reader, details);
    return texts;
  }
  // What dropped.ndjson says of each dropped document.
  std::vector<Json> dropped() const {
    std::vector<Json> rows;
    std::istringstream lines(read_file(dir / "out" / "dropped.ndjson"));
    for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
    return rows;
  }
  CleanOptions rules(const Json& table) const { return {.filters = file("f.json", table.dump())}; }

  Json details;
};

TEST_F(CleanTest, TextsAreRepairedAndCounted) {
  EXPECT_EQ(cleaned({document("cafÃ©\r\nA", "1"), document("B", "2")}, rules(Json::object())),
            (std::vector<std::string>{"café\nA", "B"}));
  EXPECT_EQ(details["repairs"]["mojibake"], 1);
  EXPECT_EQ(details["repairs"]["line_breaks"], 1);
  EXPECT_EQ(details["languages"], (Json{{"und", 2}}));
}

TEST_F(CleanTest, EveryDroppedDocumentHasItsRuleAndWhy) {
  CleanOptions options = rules({{"gopher_min_words", 4}, {"c4_line_max_terms_of_websites", 0}});
  options.languages = {"en"};
  EvaluationSet evaluation;
  evaluation.add("Where is the lamp?", "questions:7");
  EXPECT_EQ(
      cleaned({document("The cat is in the house.", "a"), document("Der Hund und die Katze.", "b"),
               document("It is.", "c"), document("The cat. Where is the lamp? It is.", "d"),
               document("Use the cookie policy of it.\n", "e")},
              options, evaluation),
      std::vector<std::string>{"The cat is in the house."});
  const auto rows = dropped();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["rule"], "language");
  EXPECT_EQ(rows[0]["language"], "de");
  EXPECT_EQ(rows[0]["begins"], "Der Hund und die Katze.");
  EXPECT_EQ(rows[1]["rule"], "gopher_min_words");
  EXPECT_EQ(rows[1]["found"], 2);
  EXPECT_EQ(rows[1]["threshold"], 4);
  EXPECT_EQ(rows[2]["rule"], "contamination");
  EXPECT_EQ(rows[2]["question"], "questions:7");
  EXPECT_EQ(rows[3]["rule"], "every line removed");
  EXPECT_EQ(details["removed_lines"], 1);
}

}  // namespace seekling
