// A generated answer back to a message: reasoning, content, calls of tools.
#include "console/message_encoder.h"
#include "core/check.h"
#include "jinja/value.h"
#include "text/tokenizer.h"

namespace seekling {

namespace {

using Json = nlohmann::ordered_json;

class AnswerParser {
 public:
  AnswerParser(EncoderKind kind, std::string_view answer)
      : rest(answer), block(kind == EncoderKind::kDeepseekV32 ? "function_calls" : "tool_calls") {}

  Json message(bool thinking) {
    std::string reasoning;
    if (thinking) {
      const std::size_t end = rest.find("</think>");
      check(end != rest.npos, "answer: found no </think>, expected it after the reasoning");
      reasoning = rest.substr(0, end);
      rest.remove_prefix(end + 8);
    }
    const std::string opening = "\n\n<｜DSML｜" + block + ">\n";
    const std::size_t end = std::min(rest.find(opening), rest.size());
    const std::string content(rest.substr(0, end));
    rest.remove_prefix(end);
    for (const char* tag : {"<think>", "</think>", "｜DSML｜", kBosContent, kEosContent})
      check(content.find(tag) == content.npos && reasoning.find(tag) == reasoning.npos,
            "answer: found ", tag, " in the text, expected it in its place only");
    Json calls = Json::array();
    if (!rest.empty()) {
      expect(opening);
      while (!take("</｜DSML｜" + block + ">")) calls.push_back(call());
      check(rest.empty(), "answer: found text after the calls, expected its end");
    }
    return {{"role", "assistant"},
            {"content", content},
            {"reasoning_content", reasoning},
            {"tool_calls", calls}};
  }

 private:
  bool take(std::string_view text) {
    const bool is_next = rest.starts_with(text);
    if (is_next) rest.remove_prefix(text.size());
    return is_next;
  }
  void expect(std::string_view text) {
    check(take(text), "answer: found \"", rest.substr(0, 40), "\", expected ", text);
  }
  std::string up_to(std::string_view end) {
    const std::size_t at = rest.find(end);
    check(at != rest.npos, "answer: found its end, expected ", end);
    const std::string before(rest.substr(0, at));
    rest.remove_prefix(at + end.size());
    return before;
  }

  Json call() {
    expect("<｜DSML｜invoke name=\"");
    const std::string name = up_to("\">\n");
    std::string arguments;  // as json.dumps() of Python would write them
    if (!take("\n"))        // there is none
      while (rest.starts_with("<｜DSML｜parameter")) {
        arguments += (arguments.empty() ? "" : ", ") + parameter();
        expect("\n");
      }
    expect("</｜DSML｜invoke>\n");
    return {{"type", "function"},
            {"function", {{"name", name}, {"arguments", "{" + arguments + "}"}}}};
  }

  std::string parameter() {
    expect("<｜DSML｜parameter name=\"");
    const std::string name = up_to("\" string=\"");
    const bool is_text = take("true\">");
    if (!is_text) expect("false\">");
    const std::string value = up_to("</｜DSML｜parameter>");
    const auto quoted = [](const std::string& s) { return jinja::json(jinja::Value(s), {}); };
    return quoted(name) + ": " + (is_text ? quoted(value) : value);
  }

  std::string_view rest;
  std::string block;
};

}  // namespace

nlohmann::ordered_json parse_answer(EncoderKind kind, std::string_view answer, bool thinking) {
  return AnswerParser(kind, answer).message(thinking);
}

}  // namespace seekling
