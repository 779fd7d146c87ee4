// Reading trusts nothing: every key is looked at before it is used, and whatever is wrong
// is said in one sentence.
#include "text/tokenizer_json.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "core/check.h"

namespace seekling {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the order of keys; quadratic for a vocabulary
using Ids = std::unordered_map<std::string, TokenId>;

constexpr int kDeepestJson = 32;         // the library's own files reach 5
constexpr size_t kMostStages = 32;       // DeepSeek-V2 has 7
constexpr size_t kMostTokens = 1 << 24;  // ids beyond are a damaged file's, not a vocabulary's
constexpr std::string_view kSource = "give a tokenizer.json of Hugging Face's tokenizers library";

std::string shown(const Json& value) {  // short enough for a sentence
  std::string out = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (out.size() > 60) out = text("a ", value.type_name(), " of ", value.size(), " entries");
  return value.is_string() && out.size() > 60 ? "a long string" : out;
}

// A value and where it stands, so that each complaint can name it.
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
  void must_not_be_set(const char* name) const {  // null, false, "" and absent are all "not set"
    if (!has(name)) return;
    const Node it = at(name);
    const bool off = (it.value.is_boolean() && !it.value.get<bool>()) || it.value == "";
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
  std::ifstream in(path, std::ios::binary);
  std::string out{std::istreambuf_iterator<char>(in), {}};
  check(!in.bad() && in.is_open(), path, ": cannot be read; see its permissions");
  return out;
}

// --- pre_tokenizer ---

SplitStage read_stage(const Node& stage) {
  const Node type = stage.at("type");
  const std::string name = type.string();
  if (name == "ByteLevel") {
    stage.must_not_be_set("add_prefix_space");
    return {.kind = SplitStage::kByteLevel,
            .use_regex = stage.flag("use_regex", true),
            .trim_offsets = stage.flag("trim_offsets", true)};
  }
  if (name == "Digits")
    return {.kind = SplitStage::kDigits,
            .individual_digits = stage.flag("individual_digits", false)};
  type.expect(name == "Split", "Split, Digits or ByteLevel");
  const Node behavior = stage.at("behavior");
  behavior.expect(behavior.value == "Isolated", "\"Isolated\"");
  stage.must_not_be_set("invert");
  return {.kind = SplitStage::kSplit, .pattern = stage.at("pattern").at("Regex").string()};
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
  return stages;
}

OrderedJson written(const SplitStage& stage) {
  switch (stage.kind) {
    case SplitStage::kSplit:
      return {{"type", "Split"},
              {"pattern", {{"Regex", stage.pattern}}},
              {"behavior", "Isolated"},
              {"invert", false}};
    case SplitStage::kDigits:
      return {{"type", "Digits"}, {"individual_digits", stage.individual_digits}};
    case SplitStage::kByteLevel: break;
  }
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", stage.trim_offsets},
          {"use_regex", stage.use_regex}};
}

// --- model and added_tokens ---

void check_model(const Node& model) {
  if (model.has("type")) {
    const Node type = model.at("type");
    type.expect(type.value == "BPE", "\"BPE\"");
  }
  for (const char* name : {"dropout", "unk_token", "continuing_subword_prefix",
                           "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"})
    model.must_not_be_set(name);
}

std::vector<AddedToken> read_added(const Node& root, const Ids& vocab) {
  std::vector<AddedToken> added;
  if (!root.has("added_tokens")) return added;
  const Node list = root.at("added_tokens");
  std::set<std::string> contents;
  for (size_t i = 0; i < list.array(); ++i) {
    const Node node = list.at(i), content = node.at("content"), id = node.at("id");
    AddedToken token{id.id(), content.string(), node.flag("special", false),
                     node.flag("normalized", false)};
    for (const char* name : {"single_word", "lstrip", "rstrip"}) node.must_not_be_set(name);
    content.expect(!token.content.empty(), "a text that is not empty");
    content.expect(contents.insert(token.content).second, "each added token once");
    const auto known = vocab.find(token.content);
    token.in_vocabulary = known != vocab.end();
    if (token.in_vocabulary)
      id.expect(known->second == token.id, text("model.vocab's id, ", known->second));
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

// By id; the ids of the vocabulary and of the added tokens together are 0 ... n-1, each once.
std::vector<std::string> tokens_by_id(const Ids& vocab, const std::vector<AddedToken>& added,
                                      const std::string& path) {
  std::unordered_map<TokenId, std::string> token_of;
  const auto add = [&](TokenId id, const std::string& token) {
    const auto [there, is_new] = token_of.emplace(id, token);
    check(is_new, path, ": model.vocab: found id ", id, " for both ",
          std::min(there->second, token), " and ", std::max(there->second, token),
          ", expected one token for each id; ", kSource);
  };
  for (const auto& [token, id] : vocab) add(id, token);
  for (const AddedToken& token : added)
    if (!token.in_vocabulary) add(token.id, token.content);
  std::vector<std::string> tokens;
  for (TokenId id = 0; id < TokenId(token_of.size()); ++id) {
    const auto found = token_of.find(id);
    check(found != token_of.end(), path, ": model.vocab: found ", token_of.size(),
          " tokens and none with id ", id, ", expected the ids 0 to ", token_of.size() - 1, "; ",
          kSource);
    tokens.push_back(found->second);
  }
  return tokens;
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

std::vector<Merge> read_merges(const Node& list, const Ids& vocab) {
  std::vector<Merge> merges;
  for (size_t i = 0; i < list.array(); ++i) {
    const Node node = list.at(i);
    const auto [left, right] = read_pair(node);
    const auto id = [&](const std::string& token) {
      const auto found = vocab.find(token);
      if (found == vocab.end()) node.refuse(text("tokens of model.vocab, which lacks ", token));
      return found->second;
    };
    merges.push_back({id(left), id(right), id(left + right)});
  }
  return merges;
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
}

TokenizerParts read_parts(const std::string& json, const std::string& path) {
  const Json file = parse(json, path);
  const Node root{file, path, ""};
  check(file.is_object(), path, ": found ", shown(file), ", expected an object; ", kSource);
  for (const char* name : {"truncation", "padding"}) root.must_not_be_set(name);
  const bool empty =
      root.has("normalizer") && file["normalizer"].is_object() &&
      file["normalizer"].value("normalizers", Json()) == Json::array();  // as DeepSeek-V3's
  if (!empty) root.must_not_be_set("normalizer");
  const Node model = root.at("model"), decoder = root.at("decoder");
  check_model(model);
  decoder.expect(decoder.has("type") && decoder.value["type"] == "ByteLevel",
                 "a ByteLevel decoder");

  TokenizerParts parts;
  const Ids vocab = read_vocab(model.at("vocab"));
  parts.added = read_added(root, vocab);
  parts.tokens = tokens_by_id(vocab, parts.added, path);
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
constexpr const char* kChatTemplate =
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif "
    "%}{{ bos_token }}"
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + "
    "message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor "
    "%}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

}  // namespace

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

std::string tokenizer_json(const Tokenizer& tokenizer) {
  const TokenizerParts& parts = tokenizer.parts();
  OrderedJson added = OrderedJson::array(), stages = OrderedJson::array(),
              vocab = OrderedJson::object(), merges = OrderedJson::array();
  std::vector<bool> in_vocabulary(parts.tokens.size(), true);
  for (const AddedToken& token : parts.added) {
    in_vocabulary[size_t(token.id)] = token.in_vocabulary;
    added.push_back({{"id", token.id},
                     {"content", token.content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }
  for (const SplitStage& stage : parts.stages) stages.push_back(written(stage));
  // Inserted one after the other an ordered object looks through all keys each time:
  // build its list of pairs instead.
  auto& pairs = static_cast<std::vector<OrderedJson::object_t::value_type>&>(
      vocab.get_ref<OrderedJson::object_t&>());
  for (size_t id = 0; id < parts.tokens.size(); ++id)
    if (in_vocabulary[id]) pairs.emplace_back(parts.tokens[id], id);
  for (const Merge& merge : parts.merges)
    merges.push_back({parts.tokens[size_t(merge.left)], parts.tokens[size_t(merge.right)]});
  const OrderedJson model = {{"type", "BPE"},
                             {"dropout", nullptr},
                             {"unk_token", nullptr},
                             {"continuing_subword_prefix", nullptr},
                             {"end_of_word_suffix", nullptr},
                             {"fuse_unk", false},
                             {"byte_fallback", false},
                             {"ignore_merges", false},
                             {"vocab", std::move(vocab)},
                             {"merges", std::move(merges)}};
  const OrderedJson pre_tokenizer =
      stages.size() == 1 ? stages[0] : OrderedJson{{"type", "Sequence"}, {"pretokenizers", stages}};
  const OrderedJson file = {{"version", "1.0"},
                            {"truncation", nullptr},
                            {"padding", nullptr},
                            {"added_tokens", added},
                            {"normalizer", nullptr},
                            {"pre_tokenizer", pre_tokenizer},
                            {"post_processor", OrderedJson::parse(parts.post_processor)},
                            {"decoder", OrderedJson::parse(parts.decoder)},
                            {"model", model}};
  return file.dump(2);
}

void write_tokenizer(const Tokenizer& tokenizer, const std::string& path) {
  const std::string aside = path + ".tmp";
  std::ofstream out(aside, std::ios::binary);
  out << tokenizer_json(tokenizer);
  out.close();
  check(out.good(), aside,
        ": cannot be written; see the directory's permissions and the space left");
  std::error_code failed;
  std::filesystem::rename(aside, path, failed);
  check(!failed, path, ": cannot be written: ", failed.message());
}

std::string tokenizer_config_json(const Tokenizer& tokenizer, Index model_max_length) {
  OrderedJson config = {{"add_bos_token", true}, {"add_eos_token", false}};
  if (tokenizer.special(tokenizer.parts().bos)) config["bos_token"] = tokenizer.parts().bos;
  if (tokenizer.special(tokenizer.parts().eos)) config["eos_token"] = tokenizer.parts().eos;
  if (tokenizer.special(kPadContent)) config["pad_token"] = kPadContent;
  config["chat_template"] = kChatTemplate;
  config["clean_up_tokenization_spaces"] = false;
  config["model_max_length"] = model_max_length;
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  return config.dump(2) + "\n";
}

}  // namespace seekling
