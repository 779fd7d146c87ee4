#include "interop/gguf_tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/check.h"
#include "gradcheck.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace fs = std::filesystem;

class GgufTokenizer : public testing::Test {
 protected:
  ~GgufTokenizer() override { fs::remove(path); }

  using Values = std::vector<std::pair<std::string, GgufValue>>;
  static Tokenizer golden(const std::string& name) {
    return read_tokenizer(std::string(SEEKLING_GOLDEN) + "/" + name);
  }
  static GgufValue& value(Values& values, const std::string& key) {
    for (auto& [name, v] : values)
      if (name == key) return v;
    throw Error("no value " + key);
  }
  std::optional<Tokenizer> read(const Values& values) const {
    write_gguf(path, values, {});
    return tokenizer_of(GgufFile(path));
  }

  const fs::path path =
      fs::path(testing::TempDir()) / text("seekling_tokenizer_", ::getpid(), ".gguf");
};

TEST_F(GgufTokenizer, GivesBackTheIdsOfBothFixtures) {
  for (const std::string name : {"tok_v3", "tok_v2"}) {
    const Tokenizer saved = golden(name);
    const Values values = gguf_tokenizer(saved, saved.vocab_size() + 3, "{{ bos_token }}");
    const auto back = read(values);
    ASSERT_TRUE(back);
    EXPECT_EQ(chat_template_of(GgufFile(path)), "{{ bos_token }}");
    EXPECT_EQ(back->parts().tokens, saved.parts().tokens) << name;
    EXPECT_EQ(back->parts().merges, saved.parts().merges) << name;
    EXPECT_EQ(back->parts().stages, saved.parts().stages) << name;
    EXPECT_EQ(back->bos(), saved.bos());
    EXPECT_EQ(back->eos(), saved.eos());
    for (const std::string text : {"Hello, 12345 worlds!\n\n  x", "日本語と English のまざった文。",
                                   "<｜User｜>hi<｜end▁of▁sentence｜>"}) {
      EXPECT_EQ(back->encode(text), saved.encode(text)) << text;
      EXPECT_EQ(back->decode(back->encode(text)), text);
    }
  }
}

TEST_F(GgufTokenizer, NamesThePreTokenizerAndRefusesOneWithoutAName) {
  Values values = gguf_tokenizer(golden("tok_v3"), 5000, "");
  EXPECT_EQ(value(values, "tokenizer.ggml.pre"), GgufValue("deepseek-v3"));
  values = gguf_tokenizer(golden("tok_v2"), 5000, "");
  EXPECT_EQ(value(values, "tokenizer.ggml.pre"), GgufValue("deepseek-llm"));
  TokenizerParts parts = golden("tok_v3").parts();
  parts.stages.erase(parts.stages.begin());
  EXPECT_ERROR(gguf_tokenizer(Tokenizer(parts), 5000, ""),
               "tokenizer: llama.cpp has no name for its pre_tokenizer, so GGUF cannot store it; "
               "train a tokenizer "
               "with DeepSeek-V3's (seekling tokenizer train)");
}

TEST_F(GgufTokenizer, NamesThePreTokenizerHoweverItIsSpelled) {
  TokenizerParts parts = golden("tok_v3").parts();
  std::string& words = parts.stages.at(2).pattern;  // as DeepSeek-V3's released file has it
  for (std::size_t at; (at = words.find("\\r\\n")) != words.npos;) words.replace(at, 4, "\r\n");
  parts.stages.back().trim_offsets = !parts.stages.back().trim_offsets;
  Values values = gguf_tokenizer(Tokenizer(parts), 5000, "");
  EXPECT_EQ(value(values, "tokenizer.ggml.pre"), GgufValue("deepseek-v3"));
  value(values, "tokenizer.ggml.pre") = "joyai-llm";
  EXPECT_EQ(read(values)->parts().stages, golden("tok_v3").parts().stages);
}

TEST_F(GgufTokenizer, KeepsIdsWithoutATokenAndWhetherBosIsAdded) {
  TokenizerParts parts = golden("tok_v3").parts();
  parts.tokens.insert(parts.tokens.end(), {"", "<last>"});
  parts.added.push_back({.id = 701, .content = "<last>"});
  parts.add_bos = false;
  const auto back = read(gguf_tokenizer(Tokenizer(parts), 702, ""));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->parts().tokens, parts.tokens);
  EXPECT_FALSE(back->adds_bos());
}

TEST_F(GgufTokenizer, RefusesATokenizerThatDoesMoreThanGgufSays) {
  const auto refused = [&](const auto& change, const char* why) {
    TokenizerParts parts = golden("tok_v3").parts();
    change(parts);
    EXPECT_ERROR(
        gguf_tokenizer(Tokenizer(parts), 5000, ""),
        text("tokenizer: ", why, ", which GGUF cannot store; export a folder without --gguf")
            .c_str());
  };
  refused([](TokenizerParts& p) { p.normalizer = Normalizer::kNfc; }, "its normalizer is NFC");
  refused([](TokenizerParts& p) { p.ignore_merges = true; }, "its ignore_merges is true");
  refused([](TokenizerParts& p) { p.tokens[8] = "new"; },
          "byte 33 has no token and is dropped or becomes unk_token");
  refused([](TokenizerParts& p) { p.added[1].lstrip = true; },
          "its added token <｜end▁of▁sentence｜> absorbs the adjacent white space");
  refused(
      [](TokenizerParts& p) {
        p.shadowed.push_back({5, "x"});
      },
      "two of its tokens have the id 5");
}

TEST_F(GgufTokenizer, SaysNothingWhereTheFileHasNone) {
  EXPECT_FALSE(read({{"tokenizer.ggml.model", "none"}}));
}

TEST_F(GgufTokenizer, WhatIsWrongIsNamed) {
  const Tokenizer saved = golden("tok_v3");
  const std::string at = path.string();
  const auto refused = [&](const char* key, const GgufValue& other, const std::string& sentence) {
    Values values = gguf_tokenizer(saved, saved.vocab_size(), "");
    value(values, key) = other;
    EXPECT_ERROR(read(values), (at + sentence).c_str());
  };
  using Texts = std::vector<std::string>;
  EXPECT_ERROR(
      read({}),
      (at + ": the value tokenizer.ggml.model is missing, expected \"gpt2\" or \"none\"").c_str());
  refused("tokenizer.ggml.model", "llama",
          ": tokenizer.ggml.model is \"llama\", expected \"gpt2\", byte-level BPE");
  refused("tokenizer.ggml.pre", "qwen2",
          ": tokenizer.ggml.pre is \"qwen2\", expected deepseek-v3, joyai-llm, deepseek-llm or "
          "gpt-2");
  refused("tokenizer.ggml.merges", Texts{"ab"},
          ": the merge \"ab\" is not two tokens with a space between them");
  refused("tokenizer.ggml.merges", Texts{"a ?!?"},
          ": the merge \"a ?!?\" needs the token \"?!?\", which is missing");
  refused("tokenizer.ggml.merges", 1.5,
          ": the value tokenizer.ggml.merges has another type, expected a list of strings");
  refused("tokenizer.ggml.token_type", std::vector<std::int64_t>{1},
          text(": tokenizer.ggml.token_type has 1 entries for ", saved.vocab_size(), " tokens"));
  refused("tokenizer.ggml.bos_token_id", std::int64_t(99999),
          text(": tokenizer.ggml.bos_token_id is 99999, expected 0 to ", saved.vocab_size() - 1));
  Texts tokens = saved.parts().tokens;
  tokens[5] = tokens[4];
  refused("tokenizer.ggml.tokens", tokens, ": the token \"" + tokens[4] + "\" occurs twice");
  tokens[5] = "\xC3";
  refused("tokenizer.ggml.tokens", tokens, ": token 5 is not UTF-8");
}

}  // namespace seekling
