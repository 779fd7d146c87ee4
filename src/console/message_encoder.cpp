// Both formats. V3.2 writes <think> or </think> right after each user's message and after the last
// of a call's results, which follow the calls as they are. V4 makes them a user's message, and
// begins the assistant's turn by a token of its own.
#include "console/message_encoder.h"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "interop/architectures.h"
#include "jinja/value.h"
#include "system/file.h"
#include "text/tokenizer.h"

namespace seekling {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUser = "<｜User｜>";
constexpr const char* kAssistant = "<｜Assistant｜>";
constexpr const char* kReminder = "<｜latest_reminder｜>";
constexpr const char* kThink = "<think>";
constexpr const char* kThought = "</think>";
constexpr const char* kTagStart = "<｜DSML｜";
constexpr const char* kTagEnd = "</｜DSML｜";

std::string block_of(EncoderKind kind) {  // the tag around an answer's calls
  return kind == EncoderKind::kDeepseekV32 ? "function_calls" : "tool_calls";
}

std::string role_of(const Json& message) { return message["role"].get<std::string>(); }

std::string text_of(const Json& message, const char* key) {  // null or missing: empty
  const auto found = message.find(key);
  return found == message.end() || found->is_null() ? "" : found->get<std::string>();
}

bool has_calls(const Json& message) {
  return message.contains("tool_calls") && !message["tool_calls"].empty();
}

bool has_tools(const Json& message) { return !message.value("tools", Json()).empty(); }

std::string python_json(const Json& value) {
  try {
    return jinja::json(jinja::from_json(value), {});
  } catch (const jinja::Failure& failure) {
    throw Error(text("messages: ", failure.what()));
  }
}

// ---- what is accepted

void check_message(const Json& message, std::size_t place, bool is_v4) {
  const std::string at = text("messages[", place, "]: ");
  check(message.is_object() && message.contains("role") && message["role"].is_string(), at,
        "expected an object with a role");
  const std::string role = role_of(message);
  const bool known = role == "system" || role == "user" || role == "assistant" || role == "tool" ||
                     (is_v4 && role == "latest_reminder");
  check(known, at, "found the role \"", role, "\", expected system, user, assistant or tool");
  for (const char* key : {"content", "reasoning_content"}) {
    const Json value = message.value(key, Json());
    check(value.is_null() || value.is_string(), at, key, ": found ", value.dump().substr(0, 40),
          ", expected a string");
  }
  check(message.value("task", Json()).is_null(), at, "task: is not supported; remove it");
  for (const char* key : {"tools", "response_format"})
    check(role == "system" || message.value(key, Json()).is_null(), at, key,
          ": found in a message of the ", role, ", expected in a system message");
  const Json format = message.value("response_format", Json());
  check(format.is_null() || format.is_object(), at, "response_format: expected an object");
}

void check_tools(const Json& message, std::size_t place) {
  const Json tools = message.value("tools", Json());
  const std::string at = text("messages[", place, "]: tools: ");
  check(tools.is_null() || tools.is_array(), at, "expected a list");
  for (const Json& tool : tools)
    check(tool.is_object() && tool.value("function", Json()).is_object(), at,
          "expected objects with a function, which describes the tool");
}

void check_calls(const Json& message, std::size_t place) {
  const Json calls = message.value("tool_calls", Json());
  const std::string at = text("messages[", place, "]: tool_calls: ");
  check(calls.is_null() || calls.is_array(), at, "expected a list");
  for (const Json& call : calls) {
    const Json function = call.is_object() ? call.value("function", Json()) : Json();
    check(function.is_object() && function.value("name", Json()).is_string() &&
              function.contains("arguments"),
          at, "expected objects with a function that has a name and arguments");
  }
}

// ---- a system message

std::string system_text(const Json& message, EncoderKind kind) {
  std::string out = text_of(message, "content");
  if (has_tools(message)) {
    std::string descriptions;
    for (const Json& tool : message["tools"])
      descriptions += (descriptions.empty() ? "" : "\n") + python_json(tool["function"]);
    out += "\n\n" + tool_instructions(kind, descriptions);
  }
  if (const Json format = message.value("response_format", Json()); !format.empty())
    out +=
        "\n\n## Response Format:\n\nYou MUST strictly adhere to the following schema to reply:\n" +
        python_json(format);
  return out;
}

// ---- an assistant's message

Json arguments_of(const Json& function, EncoderKind kind) {
  const Json& given = function["arguments"];
  if (!given.is_string()) return given;
  const Json read =
      parse_json_or_discard<Json>(given.get<std::string>(), "tool_calls: the arguments");
  const bool as_text = read.is_discarded() && kind == EncoderKind::kDeepseekV4;
  return as_text ? Json{{"arguments", given}} : read;
}

std::string call_text(const Json& function, EncoderKind kind) {
  const std::string name = function["name"].get<std::string>();
  const Json arguments = arguments_of(function, kind);
  check(arguments.is_object(), "tool_calls: the arguments of ", name,
        " are not a JSON object, expected one such as {\"city\": \"Paris\"}");
  std::string parameters;
  for (const auto& [key, value] : arguments.items())
    parameters += text(parameters.empty() ? "" : "\n", kTagStart, "parameter name=\"", key,
                       "\" string=\"", value.is_string() ? "true" : "false", "\">",
                       value.is_string() ? value.get<std::string>() : python_json(value), kTagEnd,
                       "parameter>");
  return text(kTagStart, "invoke name=\"", name, "\">\n", parameters, "\n", kTagEnd, "invoke>\n");
}

std::string answer_text(const Json& message, EncoderKind kind, bool with_thinking) {
  std::string out = with_thinking ? text_of(message, "reasoning_content") + kThought : "";
  out += text_of(message, "content");
  if (has_calls(message)) {
    out += text("\n\n", kTagStart, block_of(kind), ">\n");
    for (const Json& call : message["tool_calls"]) out += call_text(call["function"], kind);
    out += text(kTagEnd, block_of(kind), ">");
  }
  return out + kEosContent;
}

// The place of the user's last message; -1 if there is none.
Index last_user(const Json& messages) {
  Index last = Index(messages.size()) - 1;
  while (last >= 0 && role_of(messages[size_t(last)]) != "user") --last;
  return last;
}

// ---- V3.2

// Results stand in the order of the calls; the first opens their block, the last closes it.
std::string v32_result(const Json& messages, Index place, const char* then) {
  Index caller = place;
  while (caller >= 0 && role_of(messages[size_t(caller)]) == "tool") --caller;
  const Index number = place - caller;
  const bool is_called = caller >= 0 && has_calls(messages[size_t(caller)]) &&
                         Index(messages[size_t(caller)]["tool_calls"].size()) >= number;
  check(is_called, "messages[", place, "]: the result of a tool that was not called");
  std::string out = number == 1 ? "\n\n<function_results>" : "";
  out += "\n<result>" + text_of(messages[size_t(place)], "content") + "</result>";
  if (number == Index(messages[size_t(caller)]["tool_calls"].size()))
    out += text("\n</function_results>\n\n", then);
  return out;
}

std::string encode_v32(const Json& messages, const EncoderOptions& options) {
  std::string out = kBosContent;
  const Index last = last_user(messages);
  for (Index i = 0; i < Index(messages.size()); ++i) {
    const Json& message = messages[size_t(i)];
    const std::string role = role_of(message);
    const char* then = options.thinking && i >= last ? kThink : kThought;
    const bool thinks = options.thinking && i > last;
    if (role == "system") out += system_text(message, EncoderKind::kDeepseekV32);
    if (role == "user") out += kUser + text_of(message, "content") + kAssistant + then;
    if (role == "tool") out += v32_result(messages, i, then);
    if (role != "assistant") continue;
    check(!thinks || has_calls(message) || !text_of(message, "reasoning_content").empty(),
          "messages[", i, "]: an answer without reasoning_content after the user's last message");
    out += answer_text(message, EncoderKind::kDeepseekV32, thinks);
  }
  return out;
}

// ---- V4

struct Result {
  Index order;  // of its call
  std::string text;
};

// Messages of the user and results of tools that follow one another, as one message. Results take
// the places of results, in the order of their calls.
std::string user_text(const Json& messages, std::size_t begin, std::size_t end) {
  std::map<std::string, Index> order;
  for (std::size_t i = 0; i < begin; ++i)
    if (has_calls(messages[i])) {
      order.clear();
      for (const Json& call : messages[i]["tool_calls"])
        if (const std::string id = text_of(call, "id"); !id.empty())
          order[id] = &call - &messages[i]["tool_calls"][0];
    }
  std::vector<Result> results;
  for (std::size_t i = begin; i < end; ++i) {
    if (role_of(messages[i]) != "tool") continue;
    const auto found = order.find(text_of(messages[i], "tool_call_id"));
    results.push_back({found == order.end() ? 0 : found->second, text_of(messages[i], "content")});
  }
  std::stable_sort(results.begin(), results.end(),
                   [](const Result& a, const Result& b) { return a.order < b.order; });
  std::string out = kUser;
  auto result = results.begin();
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) out += "\n\n";
    const bool is_result = role_of(messages[i]) == "tool";
    out += is_result ? "<tool_result>" + (result++)->text + "</tool_result>"
                     : text_of(messages[i], "content");
  }
  return out;
}

bool is_users(const Json& message) {
  return role_of(message) == "user" || role_of(message) == "tool";
}

std::string encode_v4(const Json& messages, const EncoderOptions& options) {
  std::string out = kBosContent;
  std::size_t last = messages.size();  // where the last of the user's messages begins
  for (std::size_t i = messages.size(); i-- > 0 && last == messages.size();)
    if (is_users(messages[i])) last = i;
  while (last > 0 && last < messages.size() && is_users(messages[last - 1])) --last;
  if (last == messages.size()) last = 0;  // there is none
  const bool keep = options.keep_thinking || std::ranges::any_of(messages, has_tools);
  for (std::size_t i = 0; i < messages.size();) {
    const std::string role = role_of(messages[i]);
    const bool thinks = options.thinking && (keep || i >= last);
    std::size_t end = i + 1;
    if (is_users(messages[i])) {
      while (end < messages.size() && is_users(messages[end])) ++end;
      out += user_text(messages, i, end);
      const bool answered = end == messages.size() || role_of(messages[end]) == "assistant" ||
                            role_of(messages[end]) == "latest_reminder";
      if (answered) out += text(kAssistant, thinks ? kThink : kThought);
    }
    if (role == "system") out += system_text(messages[i], EncoderKind::kDeepseekV4);
    if (role == "latest_reminder") out += kReminder + text_of(messages[i], "content");
    if (role == "assistant") out += answer_text(messages[i], EncoderKind::kDeepseekV4, thinks);
    i = end;
  }
  return out;
}

}  // namespace

std::optional<EncoderKind> encoder_of(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "encoding/encoding_dsv32.py"))
    return EncoderKind::kDeepseekV32;
  if (std::filesystem::exists(folder / "encoding/encoding_dsv4.py"))
    return EncoderKind::kDeepseekV4;
  const std::string type = model_type_in(folder);
  if (type == "deepseek_v32") return EncoderKind::kDeepseekV32;
  if (type == "deepseek_v4") return EncoderKind::kDeepseekV4;
  return std::nullopt;
}

std::string encode_messages(EncoderKind kind, const nlohmann::ordered_json& messages,
                            const EncoderOptions& options) {
  check(messages.is_array(), "messages: expected a list");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    check_message(messages[i], i, kind == EncoderKind::kDeepseekV4);
    check_tools(messages[i], i);
    check_calls(messages[i], i);
  }
  return kind == EncoderKind::kDeepseekV32 ? encode_v32(messages, options)
                                           : encode_v4(messages, options);
}

}  // namespace seekling
