#include "console/message_encoder.h"

#include <gtest/gtest.h>

#include "refusal.h"
#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

using Json = nlohmann::ordered_json;

static Json golden_encodings() { return Json::parse(read_file(SEEKLING_GOLDEN "/encodings.json")); }

static EncoderKind encoder_named(const Json& name) {
  return name == "v4" ? EncoderKind::kDeepseekV4 : EncoderKind::kDeepseekV32;
}

static std::string refused(const char* messages, EncoderKind kind = EncoderKind::kDeepseekV32,
                           bool thinking = false) {
  return refusal([&] { encode_messages(kind, Json::parse(messages), {.thinking = thinking}); });
}

TEST(MessageEncoder, WritesEveryGoldenConversationAsTheModelsProgramDoes) {
  const Json cases = golden_encodings()["conversations"];
  EXPECT_GT(cases.size(), 120);
  for (const Json& test : cases)
    EXPECT_EQ(
        encode_messages(encoder_named(test["encoder"]), test["messages"],
                        {.thinking = test["thinking"], .keep_thinking = test["keep_thinking"]}),
        test["text"].get<std::string>())
        << test;
}

TEST(MessageEncoder, TakesEveryGoldenAnswerApart) {
  for (const Json& test : golden_encodings()["answers"])
    EXPECT_EQ(parse_answer(encoder_named(test["encoder"]), test["answer"].get<std::string>(),
                           test["thinking"]),
              test["message"])
        << test;
}

TEST(MessageEncoder, AnAnswerComesBackAsItWasWritten) {
  const Json answer = Json::parse(R"({"role": "assistant", "content": "One \"moment\".",
      "reasoning_content": "Hm.\n", "tool_calls": [
        {"type": "function", "function": {"name": "now", "arguments": "{}"}},
        {"type": "function", "function": {"name": "at",
         "arguments": "{\"zone\": \"日\\n本\", \"n\": [1, 2.5]}"}}]})");
  for (const auto kind : {EncoderKind::kDeepseekV32, EncoderKind::kDeepseekV4}) {
    const Json question = {{"role", "user"}, {"content", "When?"}};
    const std::string text = encode_messages(kind, {question, answer}, {.thinking = true});
    const std::size_t begin = text.find("<think>") + 7, end = text.rfind("<｜end");
    EXPECT_EQ(parse_answer(kind, text.substr(begin, end - begin), true), answer);
  }
}

TEST(MessageEncoder, RefusesWhatTheFormatDoesNotHave) {
  EXPECT_EQ(refused("{}"), "messages: expected a list");
  EXPECT_EQ(refused("[1]"), "messages[0]: expected an object with a role");
  EXPECT_EQ(refused(R"([{"role": "developer", "content": "x"}])"),
            "messages[0]: found the role \"developer\", expected system, user, assistant or tool");
  EXPECT_EQ(refused(R"([{"role": "latest_reminder", "content": "x"}])").substr(0, 27),
            "messages[0]: found the role");
  EXPECT_EQ(refused(R"([{"role": "user", "content": [1]}])"),
            "messages[0]: content: found [1], expected a string");
  EXPECT_EQ(refused(R"([{"role": "user", "content": "x", "task": "title"}])"),
            "messages[0]: task: is not supported; remove it");
  EXPECT_EQ(refused(R"([{"role": "user", "content": "x", "tools": []}])"),
            "messages[0]: tools: found in a message of the user, expected in a system message");
  EXPECT_EQ(refused(R"([{"role": "system", "tools": {}}])"), "messages[0]: tools: expected a list");
  EXPECT_EQ(refused(R"([{"role": "system", "tools": [{"name": "f"}]}])"),
            "messages[0]: tools: expected objects with a function, which describes the tool");
  EXPECT_EQ(refused(R"([{"role": "system", "response_format": "json"}])"),
            "messages[0]: response_format: expected an object");
  EXPECT_EQ(refused(R"([{"role": "system", "response_format": {"most": 18446744073709551615}}])"),
            "messages: found the number 18446744073709551615, which does not fit in 64 bits");
  EXPECT_EQ(refused(R"([{"role": "user"}, {"role": "tool", "content": "x"}])"),
            "messages[1]: the result of a tool that was not called");
  EXPECT_EQ(refused(R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}])"),
            "messages[0]: tool_calls: expected objects with a function that has a name and "
            "arguments");
  EXPECT_EQ(refused(R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f",
                        "arguments": "[]"}}]}])"),
            "tool_calls: the arguments of f are not a JSON object, expected one such as {\"city\": "
            "\"Paris\"}");
  EXPECT_EQ(refused(R"([{"role": "user"}, {"role": "assistant", "content": "x"}])",
                    EncoderKind::kDeepseekV32, true),
            "messages[1]: an answer without reasoning_content after the user's last message");
}

// Python's json.loads() has a limit as well: V3.2's program refuses what is beyond it, and V4's
// writes it as a text.
TEST(MessageEncoder, ArgumentsThatNestTooDeepAreNotRead) {
  const std::string levels = R"({"x": )" + std::string(5'000'000, '[');
  const Json call = {{"function", {{"name", "f"}, {"arguments", levels}}}};
  const Json messages = {{{"role", "assistant"}, {"tool_calls", {call}}}};
  EXPECT_EQ(refusal([&] { encode_messages(EncoderKind::kDeepseekV32, messages, {}); }),
            "tool_calls: the arguments of f are not a JSON object, expected one such as {\"city\": "
            "\"Paris\"}");
  const std::string written = encode_messages(EncoderKind::kDeepseekV4, messages, {});
  EXPECT_NE(written.find("parameter name=\"arguments\" string=\"true\">" + levels), written.npos);
}

TEST(MessageEncoder, RefusesAMalformedAnswer) {
  const auto refused_answer = [](const std::string& answer, bool thinking = false) {
    return refusal([&] { parse_answer(EncoderKind::kDeepseekV32, answer, thinking); });
  };
  const std::string begin = "\n\n<｜DSML｜function_calls>\n";
  EXPECT_EQ(refused_answer("x", true),
            "answer: found no </think>, expected it after the reasoning");
  EXPECT_EQ(refused_answer("a</think>b"),
            "answer: found </think> in the text, expected it in its place only");
  EXPECT_EQ(refused_answer(begin + "x"), "answer: found \"x\", expected <｜DSML｜invoke name=\"");
  EXPECT_EQ(refused_answer(begin + "<｜DSML｜invoke name=\"f"),
            "answer: found its end, expected \">\n");
  EXPECT_EQ(refused_answer(begin + "</｜DSML｜function_calls>x"),
            "answer: found text after the calls, expected its end");
}

TEST(MessageEncoder, IsThatOfTheFolder) {
  const Scratch scratch;
  EXPECT_FALSE(encoder_of(scratch.path).has_value());
  write_file(scratch.path / "config.json", R"({"model_type": "deepseek_v3"})");
  EXPECT_FALSE(encoder_of(scratch.path).has_value());
  write_file(scratch.path / "config.json", R"({"model_type": "deepseek_v4"})");
  EXPECT_EQ(encoder_of(scratch.path), EncoderKind::kDeepseekV4);
  std::filesystem::create_directory(scratch.path / "encoding");
  write_file(scratch.path / "encoding/encoding_dsv32.py", "");
  EXPECT_EQ(encoder_of(scratch.path), EncoderKind::kDeepseekV32);
}

}  // namespace seekling
