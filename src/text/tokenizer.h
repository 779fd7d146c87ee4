// Text to token ids and back: byte-level BPE, as GPT-2 and DeepSeek have it. There is no unknown
// token: every byte string has ids, and its ids give the same bytes back.
//
//   text -> added tokens cut out -> pieces of the pre-tokenizer -> BPE in each piece -> ids
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/pretokenizer.h"

namespace seekling {

// DeepSeek's names: the bars are U+FF5C, the low blocks U+2581.
inline constexpr const char* kBosContent = "<｜begin▁of▁sentence｜>";
inline constexpr const char* kEosContent = "<｜end▁of▁sentence｜>";
inline constexpr const char* kPadContent = "<｜▁pad▁｜>";

// What a tokenizer is made of: what tokenizer.json says.
struct TokenizerParts {
  std::vector<std::string> tokens;  // by id, with printable characters for bytes (byte_chars.h)
  std::vector<Merge> merges;        // by rank
  std::vector<AddedToken> added;
  std::vector<SplitStage> stages;
  std::string bos = kBosContent, eos = kEosContent;  // contents of added tokens

  // JSON that changes no id and no text, carried from file to file.
  std::string post_processor = "null";
  std::string decoder =
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";

  bool operator==(const TokenizerParts&) const = default;
};

// Copies share one immutable tokenizer; every const function may be called from
// several threads at once.
class Tokenizer {
 public:
  // Error if a byte has no token, a pair has two merges, an added token repeats another,
  // or an expression is refused.
  explicit Tokenizer(TokenizerParts parts);

  // No bos is put in front. With specials = false the added tokens are text like any other, so that
  // a user who types <｜Assistant｜> does not end his turn. Bytes that are not UTF-8 are kept.
  // Error above 2 GiB.
  std::vector<TokenId> encode(std::string_view text, bool specials = true) const;
  std::vector<std::vector<TokenId>> encode_batch(std::span<const std::string> texts,
                                                 bool specials = true) const;

  // All bytes are joined, then every malformed sequence is replaced by U+FFFD.
  // keep_specials = false leaves out added tokens marked special. Error for an id
  // outside the vocabulary.
  std::string decode(std::span<const TokenId> ids, bool keep_specials = true) const;
  // The same, but with nothing replaced.
  std::string decode_bytes(std::span<const TokenId> ids, bool keep_specials = true) const;

  Index vocab_size() const;                                        // ids are 0 ... vocab_size - 1
  std::string_view bytes(TokenId id) const;                        // what the token adds to a text
  bool is_special(TokenId id) const;                               // an added token marked special
  std::optional<TokenId> special(std::string_view content) const;  // the id of an added token
  TokenId bos() const;                                             // Error if there is none
  TokenId eos() const;

  const PreTokenizer& pre_tokenizer() const;
  const TokenizerParts& parts() const;

 private:
  struct State;
  std::shared_ptr<State> state;
};

}  // namespace seekling
