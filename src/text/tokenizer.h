// Text to token ids and back: byte-level BPE, as in GPT-2 and DeepSeek. If the vocabulary has all
// 256 bytes, every byte string can be encoded, and decoding restores it.
//
//   text -> match added tokens -> normalizer -> match normalized added tokens
//        -> pieces of the pre-tokenizer -> BPE of each piece -> ids
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

enum class Normalizer { kNone, kNfc };

// A vocabulary token that shares its id with an added token: its text encodes to this id, but the
// id decodes to the added token's text.
struct ShadowedToken {
  TokenId id;
  std::string content;

  bool operator==(const ShadowedToken&) const = default;
};

// The contents of tokenizer.json.
struct TokenizerParts {
  // By id, with printable characters for bytes (byte_chars.h). Empty: the id has no token.
  std::vector<std::string> tokens;
  std::vector<ShadowedToken> shadowed = {};
  std::vector<Merge> merges = {};  // by rank
  std::vector<AddedToken> added = {};
  std::vector<SplitStage> stages = {};
  Normalizer normalizer = Normalizer::kNone;
  UnknownByte unknown = {};    // a byte without a token
  bool ignore_merges = false;  // a piece that equals a token becomes that token without merges
  std::string bos = kBosContent, eos = kEosContent;  // contents of added tokens
  bool add_bos = true;                               // a text begins with bos

  // JSON that affects neither ids nor text; copied from file to file.
  std::string post_processor = "null";
  std::string decoder =
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";

  bool operator==(const TokenizerParts&) const = default;
};

// Copies share one immutable tokenizer. All const functions are thread-safe.
class Tokenizer {
 public:
  // Error if a pair has two merges, an added token repeats another, or an expression is refused.
  explicit Tokenizer(TokenizerParts parts);

  // Does not add bos. With specials = false, added tokens are treated as ordinary text, so a user
  // who types <｜Assistant｜> does not end the turn. Bytes that are not UTF-8 are kept and not
  // normalized. Error above 2 GiB.
  std::vector<TokenId> encode(std::string_view text, bool specials = true) const;
  std::vector<std::vector<TokenId>> encode_batch(std::span<const std::string> texts,
                                                 bool specials = true) const;

  // Concatenates the bytes of all tokens, then replaces every malformed sequence by U+FFFD.
  // keep_specials = false omits added tokens marked special. An id without a token yields no text;
  // Error for a negative id.
  std::string decode(std::span<const TokenId> ids, bool keep_specials = true) const;
  // The same without replacement.
  std::string decode_bytes(std::span<const TokenId> ids, bool keep_specials = true) const;

  Index vocab_size() const;                                        // ids are 0 ... vocab_size - 1
  std::string_view bytes(TokenId id) const;                        // what the token adds to a text
  bool is_special(TokenId id) const;                               // an added token marked special
  std::optional<TokenId> special(std::string_view content) const;  // the id of an added token
  TokenId bos() const;                                             // Error if there is none
  TokenId eos() const;
  bool adds_bos() const;  // a text begins with bos, and there is one
  std::optional<TokenId> byte_token(unsigned char byte) const;  // nothing: parts().unknown is used

  const PreTokenizer& pre_tokenizer() const;
  const TokenizerParts& parts() const;

 private:
  struct State;
  std::shared_ptr<State> state;
};

}  // namespace seekling
