#include "text/tokenizer_json.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
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

static void without(Json& file, const std::string& token) {  // and without the merges that need it
  file["model"]["vocab"].erase(token);
  Json merges = Json::array();
  for (const Json& merge : file["model"]["merges"])
    if ((merge[0].get<std::string>() + merge[1].get<std::string>()).find(token) == token.npos)
      merges.push_back(merge);
  file["model"]["merges"] = merges;
}

static Tokenizer with(const std::function<void(Json&)>& change) {  // the golden file, changed
  Json file = golden();
  change(file);
  return parse_tokenizer(file.dump(), "t.json");
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
  const TokenId last = 699;  // the number of tokens that stay, so the library's id for one more
  file["model"]["vocab"].erase("ÿ");
  file["added_tokens"].push_back({{"id", last}, {"content", "ÿ"}, {"special", false}});
  const Tokenizer tokenizer = parse_tokenizer(file.dump(), "t.json");
  EXPECT_EQ(tokenizer.bytes(last), "\xFF");
  EXPECT_EQ(tokenizer.encode("\xFF"), std::vector<TokenId>{last});
}

using Ids = std::vector<TokenId>;

TEST(TokenizerJson, AByteWithoutATokenIsDroppedOrUnknown) {
  const auto id = [](const Tokenizer& tokenizer, const char* text) {
    return tokenizer.encode(text).at(0);
  };
  const Tokenizer dropped = with([](Json& f) { without(f, "Q"); });
  EXPECT_EQ(dropped.encode("Q"), Ids{});
  EXPECT_EQ(dropped.encode("tQhe"), dropped.encode("the"));
  const auto unknown = [](bool fused) {
    return with([&](Json& f) {
      without(f, "Q");
      f["model"]["vocab"]["<unk>"] = 700;
      f["model"]["unk_token"] = "<unk>";
      f["model"]["fuse_unk"] = fused;
    });
  };
  EXPECT_EQ(unknown(false).encode("aQQ"), (Ids{id(dropped, "a"), 700, 700}));
  EXPECT_EQ(unknown(true).encode("aQQ"), (Ids{id(dropped, "a"), 700}));
  EXPECT_EQ(unknown(true).decode(Ids{700}), "<unk>");
  EXPECT_TRUE(parse_tokenizer(tokenizer_json(unknown(true)), "t").parts() == unknown(true).parts());
}

TEST(TokenizerJson, IdsMayHaveHolesAndAddedTokensTakeTheLibrarysIds) {
  const Tokenizer tokenizer = with([](Json& f) {
    f["model"]["vocab"]["<far>"] = 900;  // 701 tokens, so an added token gets the next id, 701
    f["added_tokens"].push_back({{"id", 5000}, {"content", "<one>"}});
    f["added_tokens"].push_back({{"id", 40}, {"content", "<two>"}});
  });
  EXPECT_EQ(tokenizer.encode("<one><two>"), (Ids{701, 702}));
  EXPECT_EQ(tokenizer.vocab_size(), 901);
  EXPECT_EQ(tokenizer.decode(Ids{700, 701, 800, 900}), "<one><far>");
  EXPECT_TRUE(parse_tokenizer(tokenizer_json(tokenizer), "t").parts() == tokenizer.parts());
}

TEST(TokenizerJson, AnAddedTokenMayTakeTheIdOfATokenOfTheVocabulary) {
  const Tokenizer tokenizer = with([](Json& f) {
    without(f, "Q");  // 699 tokens with the ids 0 to 699: the added token gets 699
    f["added_tokens"].push_back({{"id", 700}, {"content", "<one>"}});
  });
  const ShadowedToken last = tokenizer.parts().shadowed.at(0);
  EXPECT_EQ(last.id, 699);
  EXPECT_EQ(tokenizer.encode("<one>"), Ids{699});
  EXPECT_EQ(tokenizer.decode(Ids{699}), "<one>");
  EXPECT_TRUE(parse_tokenizer(tokenizer_json(tokenizer), "t").parts() == tokenizer.parts());
}

TEST(TokenizerJson, AWholePieceIsItsTokenWhereMergesAreIgnored) {
  const auto change = [](bool ignored) {
    return [ignored](Json& f) {
      f["model"]["vocab"]["ĠQzQz"] = 700;
      f["model"]["ignore_merges"] = ignored;
    };
  };
  EXPECT_EQ(with(change(true)).encode(" QzQz"), Ids{700});
  EXPECT_EQ(with(change(false)).encode(" QzQz").size(), 5u);
}

TEST(TokenizerJson, TextIsNormalizedBetweenAddedTokens) {
  const Tokenizer tokenizer = with([](Json& f) {
    f["normalizer"] = {{"type", "NFC"}};
    f["added_tokens"].push_back({{"id", 700}, {"content", "e\u0301!"}});
    f["added_tokens"].push_back({{"id", 701}, {"content", "\u00e9?"}, {"normalized", true}});
  });
  EXPECT_EQ(tokenizer.encode("ae\u0301"), tokenizer.encode("a\u00e9"));
  EXPECT_EQ(tokenizer.encode("e\u0301!e\u0301?"), (Ids{700, 701}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("e\u0301")), "\u00e9");
  EXPECT_TRUE(parse_tokenizer(tokenizer_json(tokenizer), "t").parts() == tokenizer.parts());
}

TEST(TokenizerJson, AnAddedTokenTakesTheWhiteSpaceBesideIt) {
  const Tokenizer tokenizer = with([](Json& f) {
    f["added_tokens"].push_back(
        {{"id", 700}, {"content", "<m>"}, {"lstrip", true}, {"rstrip", true}});
  });
  EXPECT_EQ(tokenizer.encode("\u00a0 <m>\n\u3000"), Ids{700});
  EXPECT_EQ(tokenizer.encode("a <m> "), (Ids{tokenizer.encode("a").at(0), 700}));
}

TEST(TokenizerJson, ABlankIsPutInFrontWhereAsked) {
  const Tokenizer tokenizer = with([](Json& f) {
    f["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
  });
  EXPECT_EQ(tokenizer.encode("the"), tokenizer.encode(" the"));
  EXPECT_EQ(tokenizer.encode(""), Ids{});
}

TEST(TokenizerJson, MatchesOrGapsMayBeLeftOut) {
  const auto change = [](bool invert) {
    return [invert](Json& f) {
      f["pre_tokenizer"]["pretokenizers"][0] = {{"type", "Split"},
                                                {"pattern", {{"String", "."}}},
                                                {"behavior", "Removed"},
                                                {"invert", invert}};
    };
  };
  EXPECT_EQ(with(change(false)).decode(with(change(false)).encode("1.2.")), "12");
  EXPECT_EQ(with(change(true)).decode(with(change(true)).encode("1.2.")), "..");
}

TEST(TokenizerJson, SettingsWithoutEffectAreRead) {
  const Tokenizer tokenizer = with([](Json& f) {
    f["truncation"] = {{"max_length", 1}};
    f["padding"] = {{"strategy", "BatchLongest"}};
    f["model"]["dropout"] = 0.0;
    f["model"]["byte_fallback"] = true;
    f["model"]["merges"].push_back(f["model"]["merges"][3]);
    f["model"]["merges"].erase(3);  // of equal pairs the last counts
    f["model"]["merges"].push_back(f["model"]["merges"].back());
  });
  EXPECT_EQ(tokenizer.parts().merges.size(), 436u);
  EXPECT_EQ(tokenizer.encode("one two"), with([](Json&) {}).encode("one two"));
}

TEST(TokenizerJson, AFileForTransformersPutsBosInFront) {
  const Tokenizer tokenizer = with([](Json&) {});
  const std::string file = tokenizer_json_with_bos(tokenizer);
  const Json processors = Json::parse(file)["post_processor"]["processors"];
  EXPECT_EQ(processors.back()["single"].dump(),
            R"([{"SpecialToken":{"id":"<｜begin▁of▁sentence｜>","type_id":0}},)"
            R"({"Sequence":{"id":"A","type_id":0}}])");
  EXPECT_EQ(processors.back()["special_tokens"][kBosContent]["ids"].dump(), "[0]");
  const Tokenizer back = parse_tokenizer(file, "t");
  EXPECT_EQ(tokenizer_json_with_bos(back), file);
  EXPECT_EQ(tokenizer_json_without_bos(back), tokenizer_json(tokenizer));
  EXPECT_EQ(tokenizer_json_without_bos(tokenizer), tokenizer_json(tokenizer));
}

TEST(TokenizerJson, TheConfigSaysWhetherBosIsAdded) {
  const Folder folder;
  std::ofstream(folder.path / "tokenizer.json") << golden().dump();
  EXPECT_TRUE(read_tokenizer(folder.path.string()).adds_bos());
  std::ofstream(folder.path / "tokenizer_config.json") << R"({"add_bos_token": false})";
  EXPECT_FALSE(read_tokenizer(folder.path.string()).adds_bos());
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
              f["normalizer"] = {{"type", "Lowercase"}};
            }),
            text("t.json: normalizer.type: found \"Lowercase\", expected NFC, a Sequence of it, or "
                 "no normalizer",
                 kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["type"] = "Unigram"; }),
            text("t.json: model.type: found \"Unigram\", expected \"BPE\"", kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["dropout"] = 0.1; }),
            text("t.json: model.dropout: found 0.1", kUnsupported));
  EXPECT_EQ(after([](Json& f) {
              f["model"]["unk_token"] = "<unk>";
              without(f, "Q");
            }),
            text("t.json: model.unk_token: found \"<unk>\", expected a token of model.vocab, which "
                 "lacks some byte",
                 kGive));
  EXPECT_EQ(after([](Json& f) {
              f["model"]["byte_fallback"] = true;
              without(f, "Q");
              f["model"]["vocab"]["<0x51>"] = 700;
            }),
            text("t.json: model.byte_fallback: found true", kUnsupported));
  EXPECT_EQ(after([](Json& f) { f["added_tokens"][1]["single_word"] = true; }),
            text("t.json: added_tokens[1].single_word: found true", kUnsupported));
  EXPECT_EQ(after([](Json& f) {
              f["decoder"] = {{"type", "Metaspace"}, {"prepend_scheme", "first"}};
            }),
            text("t.json: decoder: found {\"prepend_scheme\":\"first\",\"type\":\"Metaspace\"}, "
                 "expected a ByteLevel decoder",
                 kGive));
}

TEST(TokenizerJson, ADecoderMayBeASequenceOfOne) {
  const auto sequence_of = [](const Json& decoders) {
    return [=](Json& f) { f["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}}; };
  };
  const Json own = golden()["decoder"];
  const Tokenizer same = with(sequence_of(Json::array({own})));
  EXPECT_EQ(same.decode(same.encode("Two metres.")), "Two metres.");
  EXPECT_EQ(Json::parse(tokenizer_json(same))["decoder"]["decoders"], Json::array({own}));
  const Json space = {{"type", "Metaspace"}};
  EXPECT_EQ(
      after(sequence_of(Json::array({space}))),
      text("t.json: decoder.decoders[0]: found {\"type\":\"Metaspace\"}, expected a ByteLevel "
           "decoder",
           kGive));
  EXPECT_NE(after(sequence_of(Json::array({own, own}))).find("expected a ByteLevel decoder"),
            std::string::npos);
}

TEST(TokenizerJson, RefusesStagesItDoesNotSupport) {
  const auto stage = [](size_t i) { return text("t.json: pre_tokenizer.pretokenizers[", i, "]"); };
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["type"] = "Metaspace"; }),
      text(stage(0), ".type: found \"Metaspace\", expected Split, Digits or ByteLevel", kGive));
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "MergedWithNext"; }),
      text(stage(0), ".behavior: found \"MergedWithNext\", expected \"Isolated\" or \"Removed\"",
           kGive));
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][3]["add_prefix_space"] = true; }),
      text("t.json: pre_tokenizer: found an object of 2 entries, expected add_prefix_space false "
           "where stages precede ByteLevel",
           kGive));
  EXPECT_EQ(
      after([](Json& f) { f["pre_tokenizer"]["pretokenizers"][0]["pattern"] = Json::object(); }),
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
  EXPECT_EQ(after([](Json& f) { f["model"]["vocab"]["zzz"] = 9'000'000; }),
            text("t.json: model.vocab: found id 9000000 among 701 tokens, expected at most 1048576 "
                 "ids without a token",
                 kGive));
  EXPECT_EQ(after([](Json& f) {
              f["model"]["merges"][4] = {"q", "zzz"};
            }),
            text("t.json: model.merges[4]: found [\"q\",\"zzz\"], expected tokens of model.vocab, "
                 "which lacks zzz",
                 kGive));
  EXPECT_EQ(after([](Json& f) { f["model"]["merges"][4] = "a b c"; }),
            text("t.json: model.merges[4]: found \"a b c\", expected two tokens", kGive));
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
