#include "console/conversation.h"

#include "interop/chat_template.h"
#include "text/added_tokens.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

// A character that no text has (Unicode's noncharacter FDD0). Inside a special token that a user
// typed, it keeps the token text while the template's special tokens are cut out.
constexpr std::string_view kGuard = "\xEF\xB7\x90";

std::string without_guards(std::string_view guarded) {
  std::string text;
  for (std::size_t at; (at = guarded.find(kGuard)) != guarded.npos;
       guarded.remove_prefix(at + kGuard.size()))
    text += guarded.substr(0, at);
  return text.append(guarded);
}

template <class F>
auto named(const std::string& path, F&& f) {  // an Error of f() also names the file
  try {
    return f();
  } catch (const Error& error) {
    throw Error((path.empty() ? "" : path + ": ") + error.what());
  }
}

// An answer with its reasoning and calls taken apart. A malformed one, as when it was cut off, is
// content, without the reasoning.
nlohmann::ordered_json answer_message(EncoderKind kind, const std::string& answer, bool thinking) {
  try {
    return parse_answer(kind, answer, thinking);
  } catch (const Error&) {
    const std::size_t end = answer.find("</think>");
    const bool has_content = !thinking || end != answer.npos;
    return {{"role", "assistant"},
            {"content", has_content ? answer.substr(thinking ? end + 8 : 0) : ""}};
  }
}

jinja::Template template_of(const ChatTemplate& found) {
  return named(found.path, [&] {
    return jinja::Template(found.source.empty() ? kChatTemplate : found.source);
  });
}

}  // namespace

Conversation::Conversation(Tokenizer of, const std::filesystem::path& folder, const Say& say,
                           bool thinks)
    : tokenizer(std::move(of)), thinking(thinks), path(chat_template_in(folder).path),
      words(template_of(chat_template_in(folder))) {
  if (!chat_template_in(folder).source.empty()) return;
  encoder = encoder_of(folder);
  if (!encoder) say("note: " + folder.string() + " has no chat template; using DeepSeek-V2's");
}

void Conversation::add(const std::string& role, const std::string& content) {
  if (encoder && role == "assistant")
    return messages.push_back(answer_message(*encoder, content, thinking));
  messages.push_back(
      {{"role", role}, {"content", role == "assistant" ? content : guarded(content)}});
}

std::string Conversation::guarded(const std::string& content) const {
  std::string out;
  AddedTokenFinder(tokenizer.parts().added)
      .cut(
          content, [&](std::string_view part) { out += part; },
          [&](TokenId id) {
            const std::string token = tokenizer.decode_bytes(std::vector<TokenId>{id});
            ((out += token[0]) += kGuard) += token.substr(1);
          });
  return out;
}

// The variables that transformers gives to a template.
nlohmann::ordered_json Conversation::context() const {
  nlohmann::ordered_json all = {{"messages", messages},
                                {"tools", nullptr},
                                {"documents", nullptr},
                                {"add_generation_prompt", true}};
  if (thinking) all["thinking"] = true;
  const TokenizerParts& parts = tokenizer.parts();
  if (tokenizer.special(parts.bos)) all["bos_token"] = parts.bos;
  if (tokenizer.special(parts.eos)) all["eos_token"] = parts.eos;
  return all;
}

std::string Conversation::written() const {
  if (encoder) return encode_messages(*encoder, messages, {.thinking = thinking});
  return named(path, [&] { return words.render(context()); });
}

std::vector<TokenId> Conversation::ids() const {
  std::vector<TokenId> ids;
  AddedTokenFinder(tokenizer.parts().added)
      .cut(
          written(),
          [&](std::string_view part) {
            const auto more = tokenizer.encode(without_guards(part), /*specials=*/false);
            ids.insert(ids.end(), more.begin(), more.end());
          },
          [&](TokenId id) { ids.push_back(id); });
  return ids;
}

}  // namespace seekling
