// As llama.cpp's src/llama-vocab.cpp reads it. tokenizer.ggml.model is "gpt2" for byte-level BPE;
// tokens are written with GPT-2's printable characters (text/byte_chars.h), as in tokenizer.json;
// a merge is "left right". tokenizer.ggml.pre names the expressions that cut a text into pieces; a
// wrong name is not detected and yields other ids.
#include "interop/gguf_tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "core/check.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

enum TokenType : std::int64_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

// Of two names for the same expressions the first is written.
constexpr std::pair<PreTokenizerKind, const char*> kNames[] = {
    {PreTokenizerKind::kDeepseekV3, "deepseek-v3"},
    {PreTokenizerKind::kDeepseekV3, "joyai-llm"},
    {PreTokenizerKind::kDeepseekV2, "deepseek-llm"},
    {PreTokenizerKind::kGpt2, "gpt-2"}};

std::string name_of(const PreTokenizer& pre_tokenizer) {
  for (const auto& [kind, name] : kNames)
    if (PreTokenizer(kind).patterns() == pre_tokenizer.patterns()) return name;
  throw Error(
      "tokenizer: llama.cpp has no name for its pre_tokenizer, so GGUF cannot store it; "
      "train a "
      "tokenizer with DeepSeek-V3's (seekling tokenizer train)");
}

std::vector<SplitStage> stages_named(const std::string& pre, const std::string& path) {
  for (const auto& [kind, name] : kNames)
    if (pre == name) return split_stages(kind);
  throw Error(path + ": tokenizer.ggml.pre is \"" + pre +
              "\", expected deepseek-v3, joyai-llm, deepseek-llm or gpt-2");
}

// llama.cpp gives other ids to a tokenizer that does more than its names say.
void check_fits(const Tokenizer& tokenizer) {
  const TokenizerParts& parts = tokenizer.parts();
  const auto refuse_if = [](bool found, const auto&... why) {
    check(!found, "tokenizer: ", why...,
          ", which GGUF cannot store; export a folder without --gguf");
  };
  refuse_if(parts.normalizer != Normalizer::kNone, "its normalizer is NFC");
  refuse_if(parts.ignore_merges, "its ignore_merges is true");
  refuse_if(parts.stages.front().add_prefix_space, "its add_prefix_space is true");
  for (int byte = 0; byte < 256; ++byte)
    refuse_if(!byte_is_never_in_utf8(static_cast<unsigned char>(byte)) &&
                  !tokenizer.byte_token(static_cast<unsigned char>(byte)),
              "byte ", byte, " has no token and is dropped or becomes unk_token");
  for (const AddedToken& token : parts.added)
    refuse_if(token.lstrip || token.rstrip, "its added token ", token.content,
              " absorbs the adjacent white space");
  for (const ShadowedToken& token : parts.shadowed)
    refuse_if(true, "two of its tokens have the id ", token.id);
}

template <class T>
const T& value(const GgufFile& file, const char* key, const char* expected) {
  const auto found = file.values().find(key);
  check(found != file.values().end(), file.path(), ": the value ", key, " is missing, expected ",
        expected);
  const T* v = std::get_if<T>(&found->second);
  check(v != nullptr, file.path(), ": the value ", key, " has another type, expected ", expected);
  return *v;
}

using Ids = std::unordered_map<std::string, TokenId>;

Merge merge_of(const std::string& both, const Ids& ids, const std::string& path) {
  const std::size_t blank = both.find(' ', 1);
  check(blank != both.npos, path, ": the merge \"", both,
        "\" is not two tokens with a space between them");
  const std::string left = both.substr(0, blank), right = both.substr(blank + 1);
  for (const std::string& token : {left, right, left + right})
    check(ids.contains(token), path, ": the merge \"", both, "\" needs the token \"", token,
          "\", which is missing");
  return {ids.at(left), ids.at(right), ids.at(left + right)};
}

// Unused tokens pad the vocabulary to the model's size; those at its end are dropped.
std::size_t used(const std::vector<std::string>& tokens, const std::vector<std::int64_t>& types,
                 const std::string& path) {
  check(types.size() == tokens.size(), path, ": tokenizer.ggml.token_type has ", types.size(),
        " entries for ", tokens.size(), " tokens");
  std::size_t n = tokens.size();
  while (n > 0 && types[n - 1] == kUnused) --n;
  return n;
}

}  // namespace

std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const Tokenizer& tokenizer,
                                                              Index vocab_size,
                                                              const std::string& chat_template) {
  const TokenizerParts& parts = tokenizer.parts();
  check(tokenizer.vocab_size() <= vocab_size, "tokenizer: has ", tokenizer.vocab_size(),
        " tokens, more than the model's vocab_size ", vocab_size);
  check_fits(tokenizer);

  // Tokens and their types. Unused tokens fill up the vocabulary.
  std::vector<std::string> tokens, merges;
  std::vector<std::int64_t> types;
  const auto unused = [&] { return text("[unused", tokens.size(), "]"); };
  for (const std::string& token : parts.tokens) {
    types.push_back(token.empty() ? kUnused : kNormal);
    tokens.push_back(token.empty() ? unused() : token);
  }
  for (const AddedToken& added : parts.added)
    types[std::size_t(added.id)] = added.special ? kControl : kUserDefined;
  while (Index(tokens.size()) < vocab_size) tokens.push_back(unused()), types.push_back(kUnused);

  // Merges, as pairs of tokens.
  for (const Merge& m : parts.merges)
    merges.push_back(parts.tokens[std::size_t(m.left)] + " " + parts.tokens[std::size_t(m.right)]);

  std::vector<std::pair<std::string, GgufValue>> values = {
      {"tokenizer.ggml.model", "gpt2"},
      {"tokenizer.ggml.pre", name_of(tokenizer.pre_tokenizer())},
      {"tokenizer.ggml.tokens", tokens},
      {"tokenizer.ggml.token_type", types},
      {"tokenizer.ggml.merges", merges}};

  // The tokens that begin and end a text.
  const auto id = [&](const char* key, const std::string& content) {
    if (const auto found = tokenizer.special(content))
      values.emplace_back(key, std::int64_t(*found));
  };
  id("tokenizer.ggml.bos_token_id", parts.bos);
  id("tokenizer.ggml.eos_token_id", parts.eos);
  id("tokenizer.ggml.padding_token_id", kPadContent);
  values.emplace_back("tokenizer.ggml.add_bos_token", tokenizer.adds_bos());
  if (!chat_template.empty()) values.emplace_back("tokenizer.chat_template", chat_template);
  return values;
}

std::optional<Tokenizer> tokenizer_of(const GgufFile& file) {
  using Texts = std::vector<std::string>;
  const std::string& path = file.path();

  // Only byte-level BPE.
  const auto& model = value<std::string>(file, "tokenizer.ggml.model", "\"gpt2\" or \"none\"");
  if (model == "none" || model == "no_vocab") return std::nullopt;
  check(model == "gpt2", path, ": tokenizer.ggml.model is \"", model,
        "\", expected \"gpt2\", byte-level BPE");

  // The pre-tokenizer.
  TokenizerParts parts;
  parts.stages = stages_named(
      value<std::string>(file, "tokenizer.ggml.pre", "the pre-tokenizer's name"), path);

  // Tokens by id. Control tokens and the user's are added tokens; unused ids stay empty.
  const auto& tokens = value<Texts>(file, "tokenizer.ggml.tokens", "a list of strings");
  const auto& types =
      value<std::vector<std::int64_t>>(file, "tokenizer.ggml.token_type", "a list of numbers");
  const std::size_t n = used(tokens, types, path);
  Ids ids;
  for (std::size_t i = 0; i < n; ++i) {
    if (types[i] == kUnused) {
      parts.tokens.emplace_back();
      continue;
    }
    const std::string& token = tokens[i];
    check(std::size_t(valid_utf8_prefix(token)) == token.size(), path, ": token ", i,
          " is not UTF-8");
    check(ids.emplace(token, TokenId(i)).second, path, ": the token \"", token, "\" occurs twice");
    check(types[i] == kNormal || types[i] == kControl || types[i] == kUserDefined, path, ": token ",
          i, " has type ", types[i], ", expected 1, 3, 4 or 5");
    parts.tokens.push_back(token);
    if (types[i] != kNormal)
      parts.added.push_back({.id = TokenId(i), .content = token, .special = types[i] == kControl});
  }

  // Merges, and the tokens that begin and end a text.
  for (const std::string& both : value<Texts>(file, "tokenizer.ggml.merges", "a list of strings"))
    parts.merges.push_back(merge_of(both, ids, path));
  for (const auto& [key, content] : {std::pair{"tokenizer.ggml.bos_token_id", &parts.bos},
                                     {"tokenizer.ggml.eos_token_id", &parts.eos}}) {
    if (!file.values().contains(key)) continue;
    const std::int64_t id = value<std::int64_t>(file, key, "a token's id");
    check(id >= 0 && std::size_t(id) < n, path, ": ", key, " is ", id, ", expected 0 to ", n - 1);
    *content = parts.tokens[std::size_t(id)];
  }
  if (file.values().contains("tokenizer.ggml.add_bos_token"))
    parts.add_bos = value<bool>(file, "tokenizer.ggml.add_bos_token", "true or false");

  // The tokenizer checks the rest; its errors get the path of the file.
  try {
    return Tokenizer(std::move(parts));
  } catch (const Error& e) {
    throw Error(text(path, ": ", e.what()));
  }
}

std::string chat_template_of(const GgufFile& file) {
  if (!file.values().contains("tokenizer.chat_template")) return "";
  const auto& chat = value<std::string>(file, "tokenizer.chat_template", "a text");
  check(std::size_t(valid_utf8_prefix(chat)) == chat.size(), file.path(),
        ": tokenizer.chat_template is not UTF-8");
  return chat;
}

}  // namespace seekling
