// seekling tokenizer and seekling data, as programs.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "text/tokenizer_json.h"
#include "toy/world.h"

namespace seekling {

using Json = nlohmann::json;

namespace {

std::string line_of(const Json& json) { return json.dump() + "\n"; }

Json cases(const char* fixture, const char* kind) {
  return Json::parse(read_file(fs::path(SEEKLING_GOLDEN) / fixture / "cases.json")).at(kind);
}

}  // namespace

TEST_F(ProgramTest, EncodeGivesTheGoldenIdsOfEveryText) {
  for (const char* fixture : {"tok_v2", "tok_v3"}) {
    std::string input, ids, texts;
    for (const auto& c : cases(fixture, "cases")) {
      input += line_of(c["text"]);
      ids += line_of(c["ids"]);
      texts += line_of(c["text"]);
    }
    EXPECT_EQ(out_of({"tokenizer", "encode", "--jsonl", "--tokenizer", golden(fixture)}, input),
              ids)
        << fixture;
    EXPECT_EQ(out_of({"tokenizer", "decode", "--jsonl", "--tokenizer", golden(fixture)}, ids),
              texts)
        << fixture;
  }
}

TEST_F(ProgramTest, DecodeGivesTheGoldenTextOfEveryListAlsoWhereACharacterIsCut) {
  for (const char* fixture : {"tok_v2", "tok_v3"}) {
    std::string input, texts;
    for (const auto& c : cases(fixture, "decode")) {
      input += line_of(c["ids"]);
      texts += line_of(c["text"]);
    }
    EXPECT_EQ(out_of({"tokenizer", "decode", "--jsonl", "--tokenizer", golden(fixture)}, input),
              texts)
        << fixture;
  }
}

TEST_F(ProgramTest, EncodeGivesAListForEachLine) {
  const Tokenizer tokenizer = read_tokenizer(golden("tok_v3"));
  const Words encode{"tokenizer", "encode", "--tokenizer", golden("tok_v3/tokenizer.json")};
  EXPECT_EQ(out_of(encode, "the village\n\n日本"),
            line_of(tokenizer.encode("the village")) + "[]\n" + line_of(tokenizer.encode("日本")));
  EXPECT_EQ(out_of(encode, ""), "");
  EXPECT_EQ(out_of(encode, "\n"), "[]\n");
}

TEST_F(ProgramTest, EncodeReadsAFileAsItReadsStdin) {
  const Words encode{"tokenizer", "encode", "--tokenizer", golden("tok_v3")};
  Words of_file = encode;
  of_file.push_back(golden("tok_v3/corpus.txt"));
  EXPECT_EQ(out_of(of_file), out_of(encode, read_file(golden("tok_v3/corpus.txt"))));
}

TEST_F(ProgramTest, AWholeTextComesBackToTheByte) {
  const std::string text = read_file(golden("tok_v3/corpus.txt")) + "\r\n \n\n";
  const std::string ids =
      out_of({"tokenizer", "encode", "--whole", "--tokenizer", golden("tok_v3")}, text);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), '\n'), 1);
  const std::string answer =
      out_of({"tokenizer", "decode", "--jsonl", "--tokenizer", golden("tok_v3")}, ids);
  EXPECT_EQ(Json::parse(answer).get<std::string>(), text);
  EXPECT_EQ(out_of({"tokenizer", "decode", "--tokenizer", golden("tok_v3")}, ids), text + "\n");
}

TEST_F(ProgramTest, BytesThatAreNotUtf8AreEncodedAndShownReplaced) {
  const std::string ids =
      out_of({"tokenizer", "encode", "--whole", "--tokenizer", golden("tok_v3")}, "a\xFF z");
  EXPECT_EQ(out_of({"tokenizer", "decode", "--tokenizer", golden("tok_v3")}, ids), "a\uFFFD z\n");
}

TEST_F(ProgramTest, LinesThatAreNotWhatWasPromisedAreNamed) {
  const Words encode{"tokenizer", "encode", "--jsonl", "--tokenizer", golden("tok_v3")};
  const Words decode{"tokenizer", "decode", "--tokenizer", golden("tok_v3")};
  expect_refused(encode, 1, "line 2: found 17, expected a JSON string", "\"a\"\n17\n");
  expect_refused(decode, 1, "line 1: found \"a\", expected a JSON list of ids", "\"a\"\n");
  expect_refused(decode, 1, "line 1: found -1, expected token ids", "[-1]\n");
  expect_refused(decode, 1, "line 1: found 99999999999, expected token ids", "[99999999999]\n");
  const Ran ran = run(encode, "\"a\"\nnone\n");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_TRUE(ran.err.starts_with("seekling: line 2: is not JSON (")) << ran.err;
  expect_refused({"tokenizer", "encode", "--jsonl", "--whole", "--tokenizer", golden("tok_v3")}, 2,
                 "--whole: --jsonl is given as well, expected one of them");
}

TEST_F(ProgramTest, TrainingLearnsTheGoldenMerges) {
  for (const auto& [fixture, kind] :
       {std::pair("tok_v2", "deepseek-v2"), std::pair("tok_v3", "deepseek-v3")}) {
    // 3 special tokens instead of the 8 of the fixtures
    const Ran ran = run({"tokenizer", "train", "--vocab-size", "695", "--pre-tokenizer", kind,
                         "--out", "tokenizer.json", golden(std::string(fixture) + "/corpus.txt")});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "wrote 695 tokens to tokenizer.json\n");
    const Json found = Json::parse(read_file(folder / "tokenizer.json"));
    const Json expected = Json::parse(read_file(golden(std::string(fixture) + "/tokenizer.json")));
    EXPECT_EQ(found["model"]["merges"], expected["model"]["merges"]) << fixture;
  }
}

TEST_F(ProgramTest, TheSameSeedMakesTheSameWorldToTheByte) {
  const Words make{"data", "make", "--documents", "300", "--questions", "4", "--out"};
  const auto world = [&](const std::string& name, const Words& more) {
    Words words = make;
    words.push_back(name);
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(out_of(words), "");
    std::string all;
    for (const char* file : {"train.jsonl", "heldout.jsonl", "questions.jsonl"})
      all += read_file(folder / name / file);
    return all;
  };
  const std::string one = world("one", {"--seed", "5", "--threads", "1"});
  EXPECT_EQ(one, world("two", {"--seed", "5", "--threads", "2"}));
  EXPECT_NE(one, world("three", {"--seed", "6"}));
  EXPECT_EQ(world("english", {"--languages", "en"}).find("\"ja\""), std::string::npos);
  EXPECT_EQ(read_questions(folder / "one" / "questions.jsonl").size(), 6u * 4);
}

}  // namespace seekling
