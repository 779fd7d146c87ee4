#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "refusal.h"
#include "toy/world.h"

namespace seekling {

TEST(ToyFiles, HoldWhatWasWritten) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "toy_world_test";
  const ToyWorld small =
      make_toy_world({.seed = 2, .documents = 20, .heldout_documents = 5, .questions_per_kind = 4});
  write_toy_world(folder, small);
  const auto questions = read_questions(folder / "questions.jsonl");
  ASSERT_EQ(questions.size(), small.questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    EXPECT_EQ(questions[i].kind + questions[i].language,
              small.questions[i].kind + small.questions[i].language);
    EXPECT_EQ(questions[i].prompt + questions[i].answer,
              small.questions[i].prompt + small.questions[i].answer);
  }
  const auto lines = [&](const char* file) {
    std::ifstream in(folder / file);
    return std::count(std::istreambuf_iterator<char>(in), {}, '\n');
  };
  EXPECT_EQ(lines("train.jsonl"), 20);
  EXPECT_EQ(lines("heldout.jsonl"), 5);
  std::filesystem::remove_all(folder);
}

TEST(ToyWorld, RefusesUnknownLanguagesNegativeCountsAndMoreQuestionsThanThereAre) {
  EXPECT_EQ(refusal([] {
              make_toy_world({.languages = {"en", "fr"}});
            }),
            "toy world: language \"fr\" is not supported; choose \"en\", \"ja\" or both");
  EXPECT_EQ(refusal([] { make_toy_world({.languages = {}}); }),
            "toy world: no language is given; choose \"en\", \"ja\" or both");
  EXPECT_EQ(refusal([] { make_toy_world({.documents = -1}); }),
            "toy world: documents is -1; it must be 0 or more");
  const std::string message = refusal(
      [] { make_toy_world({.documents = 0, .heldout_documents = 0, .questions_per_kind = 5000}); });
  EXPECT_TRUE(message.starts_with("toy world: questions_per_kind is 5000, but only ")) << message;
  EXPECT_TRUE(message.ends_with(" different questions of kind \"sum\" turned up; ask for fewer"))
      << message;
}

TEST(ToyFiles, NeedAFolderThatCanBeMade) {
  EXPECT_EQ(refusal([] { write_toy_world("/dev/null/toy", {}); }),
            "toy world: cannot create the folder /dev/null/toy; choose one that can be written");
}

TEST(ToyFiles, ThatHoldNoQuestionsAreRefused) {
  const std::string path = testing::TempDir() + "toy_world_questions.jsonl";
  const auto reading = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    return refusal([&] { read_questions(path); });
  };
  const std::string good =
      R"({"kind":"sum","language":"en","prompt":"User: Sum: 1 + 1\n\nAssistant:","answer":" 2"})";
  EXPECT_EQ(reading(good + "\n" + good), "not refused");
  for (const char* bad : {"{", "[1]", "", "\xff", "\"text\""})
    EXPECT_EQ(reading(good + "\n" + bad + "\n"),
              path + ", line 2: not a JSON object; each line must hold one question");
  EXPECT_EQ(reading(std::string(1000000, '[')),
            path + ", line 1: not a JSON object; each line must hold one question");
  EXPECT_EQ(reading(""), path + ": holds no questions; make them with `./seekling data make`");
  for (const char* bad : {"{}", R"({"kind":7})", R"({"kind":""})"})
    EXPECT_EQ(
        reading(bad),
        path +
            ", line 1: \"kind\" is missing or not a string with something in it; a question has "
            "kind, language, prompt and answer");
  std::filesystem::remove(path);
  EXPECT_EQ(refusal([&] { read_questions(path); }),
            path + ": cannot be read as a file of questions; make one with `./seekling data make`");
}

}  // namespace seekling
