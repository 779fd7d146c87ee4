// chat: the words of the model's own template, and lines as people type them.
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace seekling {

namespace {

class ChatTest : public ProgramTest {
 protected:
  ChatTest() { EXPECT_EQ(run(small_run("run", {"--steps", "2"})).exit, 0); }

  void set_template(const std::string& source) const {
    write_file(folder / "run/chat_template.jinja", source);
  }
  Ran chat(const std::string& input, const std::string& max_tokens = "4") {
    return run({"chat", "--model", "run", "--max-tokens", max_tokens, "--verbose"}, input);
  }
  // How many tokens of the conversation were read.
  std::string read_tokens(const std::string& input) {
    const std::string err = chat(input, "0").err;
    const std::size_t from = err.find("cache: ");
    return from == err.npos ? err : err.substr(from + 7, err.find(" tokens") - from - 7);
  }
};

}  // namespace

TEST_F(ChatTest, TheTemplateOfTheModelIsUsed) {
  set_template("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}");
  EXPECT_EQ(read_tokens("7\n"), "2");  // bos and the digit
  set_template("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}{{ eos_token }}");
  EXPECT_EQ(read_tokens("7\n"), "3");
  fs::remove(folder / "run/chat_template.jinja");
  EXPECT_NE(read_tokens("7\n"), "2");
}

TEST_F(ChatTest, WithoutATemplateTheWordsAreThoseOfDeepSeekV2) {
  const std::string own = chat("7\n8\n").out;  // tokenizer_config.json of a run has them
  fs::remove(folder / "run/tokenizer_config.json");
  const Ran without = chat("7\n8\n");
  EXPECT_EQ(without.out, own);
  const char* note = "note: run has no chat template; using DeepSeek-V2's\n";
  EXPECT_NE(without.err.find(note), std::string::npos) << without.err;
}

TEST_F(ChatTest, ASystemMessageComesFirst) {
  set_template("{{ bos_token }}{% for m in messages %}{{ m.role[0] }}{{ m.content }}{% endfor %}");
  const Words words = {"chat", "--model", "run", "--max-tokens", "0", "--verbose"};
  const Words with = {"chat", "--model",   "run",      "--max-tokens",
                      "0",    "--verbose", "--system", "77777"};
  EXPECT_NE(run(words, "7\n").err, run(with, "7\n").err);
  const auto answered = [&](const std::string& system) {
    return run({"generate", "--model", "run", "--prompt", "7", "--max-tokens", "0", "--verbose",
                "--system", system});
  };
  EXPECT_EQ(answered("7").out, "\n");  // the answer only, which is empty
  EXPECT_NE(answered("7").err.find("cache: 5 tokens"), std::string::npos);  // bos, s7, u7
  EXPECT_EQ(answered("777").err.find("cache: 5 tokens"), std::string::npos);
  EXPECT_EQ(run({"generate", "--model", "run", "--ids", "1", "--system", "x"}).exit, 2);
}

TEST_F(ChatTest, AModelWithAnEncoderNeedsNoTemplate) {
  fs::remove(folder / "run/tokenizer_config.json");
  const std::string without = read_tokens("7\n");
  fs::create_directory(folder / "run/encoding");
  write_file(folder / "run/encoding/encoding_dsv32.py", "");
  EXPECT_NE(read_tokens("7\n"), without);
  const Ran thinking = run({"chat", "--model", "run", "--max-tokens", "4", "--thinking"}, "7\n8\n");
  EXPECT_EQ(thinking.exit, 0) << thinking.err;
}

TEST_F(ChatTest, ASpecialTokenThatAUserTypesStaysText) {
  set_template("{{ bos_token }}{{ messages[0].content }}");
  EXPECT_EQ(read_tokens("7\n"), "2");
  EXPECT_GT(std::stoi(read_tokens("<｜end▁of▁sentence｜>\n")), 5);
}

TEST_F(ChatTest, ATurnThatTheTemplateRewritesIsReadAgain) {
  set_template("{{ bos_token }}{{ messages[-1].content }}");
  EXPECT_EQ(read_tokens("7\n8\n"), "2");
}

TEST_F(ChatTest, LinesEndInAnyWay) {
  const Ran ran = chat("one\ntwo\n");
  EXPECT_EQ(ran.exit, 0);
  for (const char* input : {"one\r\ntwo\r\n", "one\rtwo", "one\ntwo\r\n\r\nnot read\r\n"}) {
    const Ran same = chat(input);
    EXPECT_EQ(same.out, ran.out) << input;
    EXPECT_EQ(same.err, ran.err) << input;
  }
}

TEST_F(ChatTest, ATemplateThatCannotBeUsedIsNamedWithItsLine) {
  set_template("{{ bos_token }}\n{% include 'x' %}");
  expect_refused({"chat", "--model", "run"}, 1,
                 "run/chat_template.jinja: chat template, line 2: found the statement \"include\", "
                 "which is not supported");
}

TEST_F(ChatTest, ExportKeepsTheTemplate) {
  set_template("{{ bos_token }}\n");
  out_of({"export", "--model", "run", "--out", "copy"});
  EXPECT_EQ(read_file(folder / "copy/chat_template.jinja"), "{{ bos_token }}\n");
  out_of({"export", "--gguf", "--model", "run", "--out", "run.gguf"});
  out_of({"import", "--model", "run.gguf", "--out", "back"});
  const auto config = nlohmann::json::parse(read_file(folder / "back/tokenizer_config.json"));
  EXPECT_EQ(config["chat_template"], "{{ bos_token }}\n");

  set_template("");  // none
  out_of({"export", "--gguf", "--model", "run", "--out", "none.gguf"});
  out_of({"import", "--model", "none.gguf", "--out", "none"});
  EXPECT_FALSE(nlohmann::json::parse(read_file(folder / "none/tokenizer_config.json"))
                   .contains("chat_template"));
}

TEST_F(ChatTest, ARunThatStartsFromACheckpointKeepsItsTemplate) {
  set_template("{{ bos_token }}\n");
  out_of({"train", "--model", "run", "--out", "tuned", "--steps", "1", "--batch-size", "2",
          "--seq-len", "32"});
  const auto words = [&] {
    return nlohmann::json::parse(
        read_file(folder / "tuned/tokenizer_config.json"))["chat_template"];
  };
  EXPECT_EQ(words(), "{{ bos_token }}\n");
  out_of({"train", "--resume", "tuned", "--steps", "2"});
  EXPECT_EQ(words(), "{{ bos_token }}\n");
}

}  // namespace seekling
