// Writing tokenizer.json, in the library's own order of keys.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "system/file.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

using OrderedJson = nlohmann::ordered_json;  // keeps the order of keys; quadratic for a vocabulary

OrderedJson written(const SplitStage& stage) {
  switch (stage.kind) {
    case SplitStage::kSplit:
      return {{"type", "Split"},
              {"pattern", {{stage.literal ? "String" : "Regex", stage.pattern}}},
              {"behavior", stage.removed ? "Removed" : "Isolated"},
              {"invert", stage.invert}};
    case SplitStage::kDigits:
      return {{"type", "Digits"}, {"individual_digits", stage.individual_digits}};
    case SplitStage::kByteLevel: break;
  }
  return {{"type", "ByteLevel"},
          {"add_prefix_space", stage.add_prefix_space},
          {"trim_offsets", stage.trim_offsets},
          {"use_regex", stage.use_regex}};
}

// The token of model.vocab with this id, which an added token may have taken from it.
const std::string& vocabulary_token(const TokenizerParts& parts, TokenId id) {
  for (const ShadowedToken& token : parts.shadowed)
    if (token.id == id) return token.content;
  return parts.tokens[size_t(id)];
}

OrderedJson unknown_token(const TokenizerParts& parts) {
  if (parts.unknown.id == kNoToken) return nullptr;
  return vocabulary_token(parts, parts.unknown.id);
}

std::string written(const TokenizerParts& parts, const OrderedJson& post_processor) {
  // Added tokens, and whether the vocabulary has them too.
  OrderedJson added = OrderedJson::array(), stages = OrderedJson::array(),
              vocab = OrderedJson::object(), merges = OrderedJson::array();
  std::vector<bool> in_vocabulary(parts.tokens.size(), true);
  for (const AddedToken& token : parts.added) {
    in_vocabulary[size_t(token.id)] = token.in_vocabulary;
    added.push_back({{"id", token.id},
                     {"content", token.content},
                     {"single_word", false},
                     {"lstrip", token.lstrip},
                     {"rstrip", token.rstrip},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }

  // The pre-tokenizer's stages.
  for (const SplitStage& stage : parts.stages) stages.push_back(written(stage));
  // Inserting into an ordered object searches all keys each time, so build its list of pairs.
  auto& pairs = static_cast<std::vector<OrderedJson::object_t::value_type>&>(
      vocab.get_ref<OrderedJson::object_t&>());
  for (size_t id = 0; id < parts.tokens.size(); ++id)
    if (in_vocabulary[id] && !parts.tokens[id].empty()) pairs.emplace_back(parts.tokens[id], id);
  for (const ShadowedToken& token : parts.shadowed) pairs.emplace_back(token.content, token.id);

  // Merges by rank, as pairs of tokens.
  for (const Merge& merge : parts.merges)
    merges.push_back({vocabulary_token(parts, merge.left), vocabulary_token(parts, merge.right)});

  // The whole file, with the keys in the order in which the tokenizers library writes them.
  const OrderedJson model = {{"type", "BPE"},
                             {"dropout", nullptr},
                             {"unk_token", unknown_token(parts)},
                             {"continuing_subword_prefix", nullptr},
                             {"end_of_word_suffix", nullptr},
                             {"fuse_unk", parts.unknown.fused},
                             {"byte_fallback", false},
                             {"ignore_merges", parts.ignore_merges},
                             {"vocab", std::move(vocab)},
                             {"merges", std::move(merges)}};
  const OrderedJson pre_tokenizer =
      stages.size() == 1 ? stages[0] : OrderedJson{{"type", "Sequence"}, {"pretokenizers", stages}};
  const OrderedJson normalizer =
      parts.normalizer == Normalizer::kNfc ? OrderedJson{{"type", "NFC"}} : OrderedJson(nullptr);
  const OrderedJson file = {{"version", "1.0"},
                            {"truncation", nullptr},
                            {"padding", nullptr},
                            {"added_tokens", added},
                            {"normalizer", normalizer},
                            {"pre_tokenizer", pre_tokenizer},
                            {"post_processor", post_processor},
                            {"decoder", OrderedJson::parse(parts.decoder)},
                            {"model", model}};
  return file.dump(2);
}

bool begins_with(const OrderedJson& post_processor, const std::string& token) {
  if (!post_processor.is_object()) return false;
  const std::string type = post_processor.value("type", "");
  if (type == "Sequence") {
    const OrderedJson& all = post_processor["processors"];
    return std::any_of(all.begin(), all.end(),
                       [&](const OrderedJson& each) { return begins_with(each, token); });
  }
  if (type != "TemplateProcessing") return false;
  const auto first = OrderedJson::json_pointer("/single/0/SpecialToken/id");
  return post_processor.contains(first) && post_processor[first] == token;
}

// bos, then the text: for one text and for a pair.
OrderedJson bos_template(const std::string& bos, TokenId id) {
  const auto token = [&](int type) {
    return OrderedJson{{"SpecialToken", {{"id", bos}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* name, int type) {
    return OrderedJson{{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {token(0), sequence("A", 0)}},
          {"pair", {token(0), sequence("A", 0), token(1), sequence("B", 1)}},
          {"special_tokens",
           {{bos,
             {{"id", bos},
              {"ids", OrderedJson::array({id})},
              {"tokens", OrderedJson::array({bos})}}}}}};
}

}  // namespace

std::string tokenizer_json(const Tokenizer& tokenizer) {
  const TokenizerParts& parts = tokenizer.parts();
  return written(parts, OrderedJson::parse(parts.post_processor));
}

std::string tokenizer_json_with_bos(const Tokenizer& tokenizer) {
  const TokenizerParts& parts = tokenizer.parts();
  const auto bos = tokenizer.special(parts.bos);
  OrderedJson processor = OrderedJson::parse(parts.post_processor);
  if (!bos || begins_with(processor, parts.bos)) return written(parts, processor);
  OrderedJson all = OrderedJson::array();
  if (!processor.is_null()) all.push_back(std::move(processor));
  all.push_back(bos_template(parts.bos, *bos));
  return written(parts, {{"type", "Sequence"}, {"processors", std::move(all)}});
}

std::string tokenizer_json_without_bos(const Tokenizer& tokenizer) {
  const TokenizerParts& parts = tokenizer.parts();
  const auto bos = tokenizer.special(parts.bos);
  const OrderedJson processor = OrderedJson::parse(parts.post_processor);
  if (!bos || !processor.is_object() || processor.value("type", "") != "Sequence")
    return written(parts, processor);
  const OrderedJson& all = processor["processors"];
  const bool put_in =
      (all.size() == 1 || all.size() == 2) && all.back() == bos_template(parts.bos, *bos);
  if (!put_in) return written(parts, processor);
  return written(parts, all.size() == 1 ? OrderedJson(nullptr) : all[0]);
}

void write_tokenizer(const Tokenizer& tokenizer, const std::string& path) {
  replace_file(path, tokenizer_json(tokenizer));
}

}  // namespace seekling
