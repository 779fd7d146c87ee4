// Reading trusts nothing: every key is checked before it is used, and every error is one sentence.
#include "text/tokenizer_json.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "core/check.h"
#include "system/file.h"
#include "text/byte_chars.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the order of keys; quadratic for a vocabulary
using Ids = std::unordered_map<std::string, TokenId>;

constexpr int kDeepestJson = 32;         // the library's own files reach 5
constexpr size_t kMostStages = 32;       // DeepSeek-V2 has 7
constexpr size_t kMostTokens = 1 << 24;  // ids beyond are a damaged file's, not a vocabulary's
constexpr size_t kMostHoles = 1 << 20;
constexpr std::string_view kSource = "give a tokenizer.json of Hugging Face's tokenizers library";

std::string shown(const Json& value) {  // short enough for a sentence
  std::string out = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (out.size() > 60)
    out = text("an ", value.type_name(), " of ", value.size(), " entries");  // object or array
  return value.is_string() && out.size() > 60 ? "a long string" : out;
}

// A JSON value with its path in the file, so that each error can name it.
struct Node {
  const Json& value;
  const std::string& path;  // the file
  std::string key;          // model.merges[3]

  [[noreturn]] void refuse(const std::string& expected,
                           std::string_view what_to_do = kSource) const {
    throw Error(
        text(path, ": ", key, ": found ", shown(value), ", expected ", expected, "; ", what_to_do));
  }
  void expect(bool holds, const std::string& expected) const {
    if (!holds) refuse(expected);
  }
  bool has(const char* name) const {
    return value.is_object() && value.contains(name) && !value[name].is_null();
  }
  Node at(const char* name) const {
    expect(value.is_object(), "an object");
    const std::string full = key.empty() ? name : key + "." + name;
    if (!value.contains(name)) throw Error(text(path, ": ", full, " is missing; ", kSource));
    return {value[name], path, full};
  }
  Node at(size_t i) const { return {value[i], path, text(key, "[", i, "]")}; }
  size_t array() const {  // its size
    expect(value.is_array(), "an array");
    return value.size();
  }
  std::string string() const {
    expect(value.is_string(), "a string");
    return value.get<std::string>();
  }
  bool flag(const char* name, bool otherwise) const {
    if (!has(name)) return otherwise;
    const Node it = at(name);
    it.expect(it.value.is_boolean(), "true or false");
    return it.value.get<bool>();
  }
  TokenId id() const {
    const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() < kMostTokens;
    expect(fits, text("a token id, 0 to ", kMostTokens - 1));
    return value.get<TokenId>();
  }
  void must_not_be_set(const char* name) const {  // null, false, "", 0 and absent: "not set"
    if (!has(name)) return;
    const Node it = at(name);
    const bool off = it.value == false || it.value == "" || it.value == 0;
    if (!off)
      it.refuse("null or false",
                "Seekling does not support it: use a byte-level tokenizer without it");
  }
};

Json parse(const std::string& json, const std::string& path) {
  const auto not_too_deep = [&](int depth, Json::parse_event_t, Json&) {
    check(depth <= kDeepestJson, path, ": found JSON nested deeper than ", kDeepestJson,
          " levels; ", kSource);
    return true;
  };
  try {
    return Json::parse(json, not_too_deep);
  } catch (const Json::parse_error& e) {
    throw Error(text(path, ": found something that is not JSON at byte ", e.byte, "; ", kSource));
  } catch (const Json::exception&) {
    throw Error(text(path, ": found a number that is out of range; ", kSource));
  }
}

OrderedJson parse_all_but_model(const std::string& json) {  // of a file that parse has seen
  return OrderedJson::parse(
      json, [](int depth, OrderedJson::parse_event_t event, OrderedJson& key) {
        return !(event == OrderedJson::parse_event_t::key && depth == 1 && key == "model");
      });
}

std::string content_of(const std::string& path) {
  std::error_code ignored;
  check(std::filesystem::is_regular_file(path, ignored), path, ": found no such file; ", kSource,
        ", or a directory with one");
  return read_file(path);
}

// --- pre_tokenizer ---

SplitStage read_stage(const Node& stage) {
  const Node type = stage.at("type");
  const std::string name = type.string();
  if (name == "ByteLevel") {
    return {.kind = SplitStage::kByteLevel,
            .use_regex = stage.flag("use_regex", true),
            .trim_offsets = stage.flag("trim_offsets", true),
            .add_prefix_space = stage.flag("add_prefix_space", true)};
  }
  if (name == "Digits")
    return {.kind = SplitStage::kDigits,
            .individual_digits = stage.flag("individual_digits", false)};
  type.expect(name == "Split", "Split, Digits or ByteLevel");
  const Node behavior = stage.at("behavior"), pattern = stage.at("pattern");
  const bool removed = behavior.value == "Removed", literal = pattern.has("String");
  behavior.expect(removed || behavior.value == "Isolated", "\"Isolated\" or \"Removed\"");
  const Node expression = pattern.at(literal ? "String" : "Regex");
  expression.expect(expression.string() != "", "a text that is not empty");
  return {.kind = SplitStage::kSplit,
          .pattern = expression.string(),
          .literal = literal,
          .removed = removed,
          .invert = stage.flag("invert", false)};
}

std::vector<SplitStage> read_stages(const Node& pre_tokenizer) {
  std::vector<SplitStage> stages;
  if (pre_tokenizer.has("type") && pre_tokenizer.value["type"] == "Sequence") {
    const Node list = pre_tokenizer.at("pretokenizers");
    list.expect(list.array() <= kMostStages, text("at most ", kMostStages, " stages"));
    for (size_t i = 0; i < list.value.size(); ++i) stages.push_back(read_stage(list.at(i)));
  } else {
    stages.push_back(read_stage(pre_tokenizer));
  }
  const auto is_bytes = [](const SplitStage& stage) {
    return stage.kind == SplitStage::kByteLevel;
  };
  pre_tokenizer.expect(
      std::count_if(stages.begin(), stages.end(), is_bytes) == 1 && is_bytes(stages.back()),
      "one ByteLevel, the last of the stages");
  pre_tokenizer.expect(stages.size() == 1 || !stages.back().add_prefix_space,
                       "add_prefix_space false where stages precede ByteLevel");
  return stages;
}

// --- model and added_tokens ---

void check_model(const Node& model) {
  if (model.has("type")) {
    const Node type = model.at("type");
    type.expect(type.value == "BPE", "\"BPE\"");
  }
  for (const char* name : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
    model.must_not_be_set(name);
}

bool has_byte_tokens(const std::string& character, const Ids& vocab) {  // <0xC3><0x80>, for À
  return std::all_of(character.begin(), character.end(), [&](char c) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned char>(c));
    return vocab.contains(name);
  });
}

// A byte that has no token becomes unk_token, or is dropped. byte_fallback has no effect unless
// such a byte has the tokens that it names.
UnknownByte read_unknown(const Node& model, const Ids& vocab) {
  bool all = true;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string character = printable(std::string(1, char(byte)));
    if (vocab.contains(character)) continue;
    all = all && byte_is_never_in_utf8(static_cast<unsigned char>(byte));
    if (has_byte_tokens(character, vocab)) model.must_not_be_set("byte_fallback");
  }
  UnknownByte unknown{.fused = model.flag("fuse_unk", false)};
  if (!model.has("unk_token")) return unknown;
  const Node token = model.at("unk_token");
  const auto found = vocab.find(token.string());
  token.expect(found != vocab.end() || all, "a token of model.vocab, which lacks some byte");
  if (found != vocab.end()) unknown.id = found->second;
  return unknown;
}

// The id of an added token is not taken from the file. As in the library, it is the id of the same
// token in the vocabulary or, if there is none, the next id after the vocabulary and the added
// tokens so far.
std::vector<AddedToken> read_added(const Node& root, const Ids& vocab) {
  std::vector<AddedToken> added;
  if (!root.has("added_tokens")) return added;
  const Node list = root.at("added_tokens");
  std::map<std::string, size_t> places;  // in `added`, by content
  TokenId next = TokenId(vocab.size());
  for (size_t i = 0; i < list.array(); ++i) {
    const Node node = list.at(i);
    node.at("id").id();
    AddedToken token{.id = kNoToken,
                     .content = node.at("content").string(),
                     .special = node.flag("special", false),
                     .normalized = node.flag("normalized", false),
                     .lstrip = node.flag("lstrip", false),
                     .rstrip = node.flag("rstrip", false)};
    node.must_not_be_set("single_word");
    if (token.content.empty()) continue;
    const auto [first, is_new] = places.emplace(token.content, added.size());
    if (!is_new) {  // the settings of the last entry count
      token.id = added[first->second].id, token.in_vocabulary = added[first->second].in_vocabulary;
      added[first->second] = std::move(token);
      continue;
    }

    // A token that the vocabulary lacks gets the next free id.
    const auto known = vocab.find(token.content);
    token.in_vocabulary = known != vocab.end();
    token.id = token.in_vocabulary ? known->second : next;
    next = std::max(next, token.id + 1);
    added.push_back(std::move(token));
  }
  return added;
}

Ids read_vocab(const Node& vocab) {
  vocab.expect(vocab.value.is_object(), "an object of tokens and ids");
  vocab.expect(vocab.value.size() <= kMostTokens, text("at most ", kMostTokens, " tokens"));
  Ids ids;
  for (const auto& [token, id] : vocab.value.items())
    ids[token] = Node{id, vocab.path, vocab.key + "." + token}.id();
  return ids;
}

// Fills parts.tokens and parts.shadowed. An added token takes its id from the vocabulary's token.
void place_tokens(TokenizerParts& parts, const Ids& vocab, const std::string& path) {
  TokenId last = -1;
  for (const auto& [token, id] : vocab) last = std::max(last, id);
  for (const AddedToken& token : parts.added) last = std::max(last, token.id);
  const auto is_new = [](const AddedToken& token) { return !token.in_vocabulary; };
  const size_t known =
      vocab.size() + size_t(std::count_if(parts.added.begin(), parts.added.end(), is_new));
  check(size_t(last) < known + kMostHoles || last < 0, path, ": model.vocab: found id ", last,
        " among ", known, " tokens, expected at most ", kMostHoles, " ids without a token; ",
        kSource);
  parts.tokens.resize(size_t(last + 1));
  for (const auto& [token, id] : vocab) {
    std::string& there = parts.tokens[size_t(id)];
    check(there.empty(), path, ": model.vocab: found id ", id, " for both ", std::min(there, token),
          " and ", std::max(there, token), ", expected one token for each id; ", kSource);
    there = token;
  }
  for (const AddedToken& token : parts.added) {
    std::string& there = parts.tokens[size_t(token.id)];
    if (token.in_vocabulary) continue;
    if (!there.empty()) parts.shadowed.push_back({token.id, there});
    there = token.content;
  }
}

std::pair<std::string, std::string> read_pair(const Node& merge) {  // ["a", "b"]; "a b" before 2024
  if (merge.value.is_string()) {
    const std::string both = merge.string();
    const size_t blank = both.find(' ');
    merge.expect(blank != std::string::npos && both.find(' ', blank + 1) == std::string::npos,
                 "two tokens");
    return {both.substr(0, blank), both.substr(blank + 1)};
  }
  merge.expect(merge.value.is_array() && merge.value.size() == 2, "two tokens");
  return {merge.at(size_t(0)).string(), merge.at(1).string()};
}

std::vector<Merge> read_merges(const Node& list, const Ids& vocab) {  // of equal pairs the last
  std::vector<Merge> merges;
  std::map<std::pair<TokenId, TokenId>, size_t> ranks;
  for (size_t i = 0; i < list.array(); ++i) {
    const Node node = list.at(i);
    const auto [left, right] = read_pair(node);
    const auto id = [&](const std::string& token) {
      const auto found = vocab.find(token);
      if (found == vocab.end()) node.refuse(text("tokens of model.vocab, which lacks ", token));
      return found->second;
    };
    merges.push_back({id(left), id(right), id(left + right)});
    const auto [same, is_new] = ranks.emplace(std::pair(id(left), id(right)), i);
    if (!is_new) merges[std::exchange(same->second, i)].left = kNoToken;
  }
  std::erase_if(merges, [](const Merge& merge) { return merge.left == kNoToken; });
  return merges;
}

// --- normalizer ---

Normalizer read_normalizer(const Node& normalizer) {  // NFC, or a Sequence of nothing else
  const Node type = normalizer.at("type");
  if (type.value == "NFC") return Normalizer::kNfc;
  type.expect(type.value == "Sequence", "NFC, a Sequence of it, or no normalizer");
  const Node list = normalizer.at("normalizers");
  Normalizer all = Normalizer::kNone;
  for (size_t i = 0; i < list.array(); ++i)
    if (read_normalizer(list.at(i)) == Normalizer::kNfc) all = Normalizer::kNfc;
  return all;
}

// --- bos and eos ---

void read_config(const std::string& path, TokenizerParts& parts) {
  const Json config = parse(content_of(path), path);
  const Node root{config, path, ""};
  const auto named = [&](const char* key, std::string& content) {  // text, or {"content": text}
    if (!root.has(key)) return;
    const Node token = root.at(key);
    content = token.value.is_object() ? token.at("content").string() : token.string();
  };
  named("bos_token", parts.bos);
  named("eos_token", parts.eos);
  parts.add_bos = root.flag("add_bos_token", parts.add_bos);
}

void check_decoder(const Node& decoder) {  // ByteLevel, or a Sequence of it alone
  const bool sequence = decoder.has("type") && decoder.value["type"] == "Sequence";
  const Node list = sequence ? decoder.at("decoders") : decoder;
  if (sequence && list.array() == 1) return check_decoder(list.at(size_t(0)));
  decoder.expect(decoder.has("type") && decoder.value["type"] == "ByteLevel",
                 "a ByteLevel decoder");
}

TokenizerParts read_parts(const std::string& json, const std::string& path) {
  const Json file = parse(json, path);
  const Node root{file, path, ""};
  check(file.is_object(), path, ": found ", shown(file), ", expected an object; ", kSource);
  const Node model = root.at("model"), decoder = root.at("decoder");
  check_model(model);
  check_decoder(decoder);

  TokenizerParts parts;
  const Ids vocab = read_vocab(model.at("vocab"));
  if (root.has("normalizer")) parts.normalizer = read_normalizer(root.at("normalizer"));
  parts.unknown = read_unknown(model, vocab);
  parts.ignore_merges = model.flag("ignore_merges", false);
  parts.added = read_added(root, vocab);
  place_tokens(parts, vocab, path);
  parts.merges = read_merges(model.at("merges"), vocab);
  parts.stages = read_stages(root.at("pre_tokenizer"));
  const OrderedJson in_order = parse_all_but_model(json);
  parts.decoder = in_order["decoder"].dump();
  if (root.has("post_processor")) parts.post_processor = in_order["post_processor"].dump();
  return parts;
}

Tokenizer build(TokenizerParts parts, const std::string& path) {
  try {
    return Tokenizer(std::move(parts));
  } catch (const Error& e) {
    throw Error(text(path, ": ", e.what()));
  }
}

// DeepSeek-V2's: <bos>{system}\n\nUser: {u}\n\nAssistant: {a}<eos>User: ...;
// the prompt ends in "Assistant:".
}  // namespace

const char* const kChatTemplate =
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif "
    "%}{{ bos_token }}"
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + "
    "message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor "
    "%}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

Tokenizer parse_tokenizer(const std::string& json, const std::string& path) {
  return build(read_parts(json, path), path);
}

Tokenizer read_tokenizer(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path file = fs::is_directory(path) ? fs::path(path) / "tokenizer.json" : fs::path(path);
  const fs::path config = file.parent_path() / "tokenizer_config.json";
  TokenizerParts parts = read_parts(content_of(file.string()), file.string());
  if (fs::exists(config)) read_config(config.string(), parts);
  return build(std::move(parts), file.string());
}

std::string tokenizer_config_json(const Tokenizer& tokenizer, Index model_max_length,
                                  const std::string& chat_template) {
  OrderedJson config = {{"add_bos_token", true}, {"add_eos_token", false}};
  if (tokenizer.special(tokenizer.parts().bos)) config["bos_token"] = tokenizer.parts().bos;
  if (tokenizer.special(tokenizer.parts().eos)) config["eos_token"] = tokenizer.parts().eos;
  if (tokenizer.special(kPadContent)) config["pad_token"] = kPadContent;
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  config["clean_up_tokenization_spaces"] = false;
  config["model_max_length"] = model_max_length;
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  return config.dump(2) + "\n";
}

}  // namespace seekling
