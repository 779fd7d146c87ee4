#include "text/tokenizer_json.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "core/check.h"
#include "core/rng.h"
#include "refusal.h"
#include "text/tokenizer_golden.h"

namespace seekling {

using Json = nlohmann::ordered_json;

static constexpr const char* kGive = "; give a tokenizer.json of Hugging Face's tokenizers library";
static constexpr const char* kUnsupported =
    ", expected null or false; Seekling does not support it: use a byte-level tokenizer without it";

static Json golden() { return Json::parse(golden_text("tok_v3", "tokenizer.json")); }

static std::string refusal_of_json(const std::string& json) {
  return refusal([&] { parse_tokenizer(json, "t.json"); });
}

static std::string after(const std::function<void(Json&)>& damage) {  // of the golden file, damaged
  Json file = golden();
  damage(file);
  return refusal_of_json(file.dump());
}

struct Folder {  // removed when the test ends
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / text("seekling_tokenizer_json_", ::getpid());
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

TEST(TokenizerJson, WritesWhatItReadsByteForByte) {
  for (const auto& [name, kind] : kGoldenFixtures)
    EXPECT_TRUE(tokenizer_json(read_tokenizer(golden_path(name, "tokenizer.json"))) ==
                golden_text(name, "tokenizer.json"))
        << name;
}

TEST(TokenizerJson, AFileReadBackIsTheSameTokenizer) {
  const Folder folder;
  TokenizerParts parts = read_tokenizer(golden_path("tok_v2", "tokenizer.json")).parts();
  parts.added.push_back({700, "<new>", false, true, false});
  parts.tokens.push_back("<new>");
  parts.stages = split_stages(PreTokenizerKind::kGpt2);
  parts.post_processor = R"({"type":"ByteLevel","trim_offsets":false,"add_prefix_space":true})";
  const Tokenizer tokenizer(parts);
  write_tokenizer(tokenizer, (folder.path / "tokenizer.json").string());
  EXPECT_TRUE(read_tokenizer(folder.path.string()).parts() == parts);
  EXPECT_FALSE(std::filesystem::exists(folder.path / "tokenizer.json.tmp"));
}

TEST(TokenizerJson, ReadsMergesWrittenAsOneString) {
  Json file = golden();
  for (Json& merge : file["model"]["merges"])
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  EXPECT_TRUE(parse_tokenizer(file.dump(), "t.json").parts() ==
              read_tokenizer(golden_path("tok_v3", "tokenizer.json")).parts());
}

TEST(TokenizerJson, TheReleasedFilesPeculiaritiesAreRead) {
  // DeepSeek-V3: an empty Sequence for normalizer. DeepSeek LLM and V2: bytes that
  // are in no UTF-8 as added tokens.
  Json file = golden();
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", Json::array()}};
  const TokenId last = file["model"]["vocab"]["ÿ"].get<TokenId>();
  file["model"]["vocab"].erase("ÿ");
  file["added_tokens"].push_back({{"id", last}, {"content", "ÿ"}, {"special", false}});
  const Tokenizer tokenizer = parse_tokenizer(file.dump(), "t.json");
  EXPECT_EQ(tokenizer.bytes(last), "\xFF");
  EXPECT_EQ(tokenizer.encode("\xFF"), std::vector<TokenId>{last});
}

TEST(TokenizerJson, BosAndEosAreNamedByTheConfigBesideIt) {
  const Folder folder;
  std::ofstream(folder.path / "tokenizer.json") << golden().dump();
  std::ofstream(folder.path / "tokenizer_config.json")
      << R"({"bos_token": {"content": "<｜User｜>"}, "eos_token": "<｜Assistant｜>", "x": 1})";
  const Tokenizer tokenizer = read_tokenizer(folder.path.string());
  EXPECT_EQ(tokenizer.bos(), 6);
  EXPECT_EQ(tokenizer.eos(), 7);
}

TEST(TokenizerJson, TheConfigHoldsTheChatFormat) {
  const Tokenizer tokenizer = read_tokenizer(golden_path("tok_v2", "tokenizer.json"));
  const Json config = Json::parse(tokenizer_config_json(tokenizer, 512));
  EXPECT_EQ(config["tokenizer_class"], "PreTrainedTokenizerFast");
  EXPECT_EQ(config["bos_token"], kBosContent);
  EXPECT_EQ(config["eos_token"], kEosContent);
  EXPECT_EQ(config["pad_token"], kPadContent);
  EXPECT_EQ(config["add_bos_token"], true);
  EXPECT_EQ(config["model_max_length"], 512);
  EXPECT_TRUE(
      config["chat_template"].get<std::string>().ends_with("{{ 'Assistant:' }}{% endif %}"));
}

TEST(TokenizerJson, RefusesByNameWhatItDoesNotSupport) {
  EXPECT_EQ(after([](Json& f) {
              f["normalizer"] = {{"type", "NFC"}};
            }),
            text("t.json: normalizer: found {\"type\":\"NFC\"}", kUnsupported));
  EXPECT_EQ(after([](Json& f) {
              f["truncation"] = {{"max_length", 8}};
            }),
            text("t.json: truncation: found {\"max_length\":8}", kUnsupported));
  EXPECT_EQ(after([](Json& f) { f["model"]["type"] = "Unigram"; }),
            text("t.json: model.type: found \"Unigram\", expected \"BPE\"", kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["dropout"] = 0.1; }),
            text("t.json: model.dropout: found 0.1", kUnsupported));
  EXPECT_EQ(after([](Json& f) { f["model"]["unk_token"] = "<unk>"; }),
            text("t.json: model.unk_token: found \"<unk>\"", kUnsupported));
  for (const char* key : {"byte_fallback", "ignore_merges", "fuse_unk"})
    EXPECT_EQ(after([&](Json& f) { f["model"][key] = true; }),
              text("t.json: model.", key, ": found true", kUnsupported));
  EXPECT_EQ(after([](Json& f) { f["added_tokens"][1]["lstrip"] = true; }),
            text("t.json: added_tokens[1].lstrip: found true", kUnsupported));
  EXPECT_EQ(after([](Json& f) {
              f["decoder"] = {{"type", "Metaspace"}, {"prepend_scheme", "first"}};
            }),
            text("t.json: decoder: found {\"prepend_scheme\":\"first\",\"type\":\"Metaspace\"}, "
                 "expected a ByteLevel decoder",
                 kGive));
}

TEST(TokenizerJson, RefusesStagesItDoesNotSupport) {
  const auto stage = [](size_t i) { return text("t.json: pre_tokenizer.pretokenizers[", i, "]"); };
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["type"] = "Metaspace"; }),
      text(stage(0), ".type: found \"Metaspace\", expected Split, Digits or ByteLevel", kGive));
  EXPECT_EQ(after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Removed"; }),
            text(stage(0), ".behavior: found \"Removed\", expected \"Isolated\"", kGive));
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][3]["add_prefix_space"] = true; }),
      text(stage(3), ".add_prefix_space: found true", kUnsupported));
  EXPECT_EQ(after([](Json& f) {
              f["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {{"String", " "}};
            }),
            text(stage(0), ".pattern.Regex is missing", kGive));
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "(a"; }),
      "t.json: regex (a: missing closing parenthesis");
  EXPECT_EQ(after([](Json& f) {
              f["pre_tokenizer"] = {{"type", "Digits"}};
            }),
            text("t.json: pre_tokenizer: found {\"type\":\"Digits\"}, expected one ByteLevel, the "
                 "last of the stages",
                 kGive));
}

TEST(TokenizerJson, RefusesIdsAndMergesThatDoNotFit) {
  const std::string expected_id = text(", expected a token id, 0 to 16777215", kGive);
  EXPECT_EQ(after([](Json& f) { f["model"]["vocab"]["the"] = -1; }),
            "t.json: model.vocab.the: found -1" + expected_id);
  EXPECT_EQ(after([](Json& f) { f["model"]["vocab"]["the"] = 1e30; }),
            "t.json: model.vocab.the: found 1e+30" + expected_id);
  EXPECT_EQ(
      after([](Json& f) { f["model"]["vocab"]["!"] = 9; }),
      text("t.json: model.vocab: found id 9 for both ! and \", expected one token for each id",
           kGive));
  EXPECT_EQ(
      after([](Json& f) { f["model"]["vocab"]["zzz"] = 701; }),
      text("t.json: model.vocab: found 701 tokens and none with id 700, expected the ids 0 to 700",
           kGive));
  EXPECT_EQ(after([](Json& f) { f["added_tokens"][2]["id"] = 5; }),
            text("t.json: added_tokens[2].id: found 5, expected model.vocab's id, 2", kGive));
  EXPECT_EQ(after([](Json& f) {
              f["model"]["merges"][4] = {"q", "zzz"};
            }),
            text("t.json: model.merges[4]: found [\"q\",\"zzz\"], expected tokens of model.vocab, "
                 "which lacks zzz",
                 kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["merges"][4] = "a b c"; }),
            text("t.json: model.merges[4]: found \"a b c\", expected two tokens", kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["merges"].push_back(Json(f["model"]["merges"][3])); }),
            "t.json: tokenizer: merge 436 repeats merge 3; give each pair once");
}

TEST(TokenizerJson, RefusesWhatIsNoTokenizerAtAll) {
  EXPECT_EQ(refusal_of_json(""), text("t.json: found something that is not JSON at byte 1", kGive));
  EXPECT_EQ(refusal_of_json("[1]"), text("t.json: found [1], expected an object", kGive));
  EXPECT_EQ(refusal_of_json("{}"), text("t.json: model is missing", kGive));
  EXPECT_EQ(refusal_of_json(std::string(1'000'000, '[')),
            text("t.json: found JSON nested deeper than 32 levels", kGive));
  EXPECT_EQ(refusal_of_json("[1e999]"), text("t.json: found a number that is out of range", kGive));
  try {
    read_tokenizer("/nowhere/t.json");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()),
              text("/nowhere/t.json: found no such file", kGive, ", or a directory with one"));
  }
}

TEST(TokenizerJson, DamagedFilesAreRefusedOrReadButNeverCrash) {
  const std::string good = golden_text("tok_v3", "tokenizer.json");
  Rng rng(4);
  for (int trial = 0; trial < 60; ++trial) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[size_t(rng.below(Index(bad.size())))] = char(rng.below(256));
    if (trial % 2) bad.resize(size_t(rng.below(Index(bad.size()))));
    EXPECT_NO_FATAL_FAILURE(refusal_of_json(bad));
  }
}

}  // namespace seekling
