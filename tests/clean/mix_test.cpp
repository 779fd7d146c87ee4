#include "clean/mix.h"

#include "refusal.h"
#include "scratch_test.h"

namespace seekling {

using Json = nlohmann::ordered_json;

class MixTest : public ScratchTest {
 protected:
  // A file of n documents of four bytes: a000, a001, ...
  std::filesystem::path source(char name, int n) const {
    std::string lines;
    for (int i = 0; i < n; ++i)
      lines +=
          "{\"text\":\"" + (std::string(1, name) + std::to_string(1000 + i)).erase(1, 1) + "\"}\n";
    return file(std::string(1, name) + ".jsonl", lines);
  }
  Json mixed_of(const std::vector<MixSource>& sources, Index epochs) {
    written.clear();
    return mix(
        sources, epochs, {}, [](const std::string&) {},
        [&](std::string_view line) {
          written += std::string(nlohmann::json::parse(line)["text"]).substr(0, 1);
        });
  }

  std::string written;  // the first letter of each document
};

TEST_F(MixTest, EverySourceHasItsShareInEveryPiece) {
  const Json report = mixed_of({{source('a', 300), 3}, {source('b', 300), 1}}, 1);
  EXPECT_EQ(written.substr(0, 12), "abaaabaaabaa");
  EXPECT_EQ(report["sources"][0]["documents"], 300);
  EXPECT_EQ(report["sources"][1]["documents"], 100);
  EXPECT_EQ(report["sources"][0]["share"], 0.75);
  EXPECT_EQ(report["sources"][0]["whole_epochs"], 1);
  EXPECT_EQ(report["sources"][1]["whole_epochs"], 0);
  EXPECT_EQ(report["bytes"], 1600);
}

TEST_F(MixTest, ASourceIsRepeatedAsOftenAsItMay) {
  const Json report = mixed_of({{source('a', 300), 1}, {source('b', 20), 1}}, 4);
  EXPECT_EQ(report["sources"][1]["documents"], 80);
  EXPECT_EQ(report["sources"][1]["whole_epochs"], 4);
  EXPECT_EQ(std::ranges::count(written, 'a'), 81);
}

TEST_F(MixTest, AnEmptySourceIsRefused) {
  EXPECT_EQ(without_dir(refusal([&] {
              mixed_of({{source('a', 3), 1}, {file("b.txt", " \n"), 1}}, 2);
            })),
            "b.txt: found no document in it");
}

}  // namespace seekling
