// Encoding and decoding. A stage of the pre-tokenizer sees only its own piece, so the ids of a
// piece at any stage depend only on its bytes and can be cached (piece_cache.h): after the first
// stage or two most pieces are words, and their cached ids save the remaining stages and the
// merges.
#include "text/tokenizer.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "core/check.h"
#include "core/parallel.h"
#include "text/byte_chars.h"
#include "text/nfc.h"
#include "text/piece_cache.h"

namespace seekling {

namespace {

struct Workspace {  // the scratch memory of an encoding
  Regex::Scratch regex;
  Bpe::Scratch bpe;
  PieceCache cache;
};

// A token with a character that represents no byte is literal text: <｜User｜>.
std::string token_bytes(const std::string& content) {
  return bytes_of_printable(content).value_or(content);
}

std::array<TokenId, 256> ids_of_bytes(const TokenizerParts& parts) {
  std::array<TokenId, 256> ids;
  ids.fill(kNoToken);
  const auto add = [&](TokenId id, const std::string& token) {
    const auto bytes = bytes_of_printable(token);
    if (!bytes || bytes->size() != 1) return;
    TokenId& of_byte = ids[static_cast<unsigned char>((*bytes)[0])];
    if (of_byte == kNoToken) of_byte = id;
  };
  for (const ShadowedToken& token : parts.shadowed) add(token.id, token.content);
  for (TokenId id = 0; id < TokenId(parts.tokens.size()); ++id) add(id, parts.tokens[size_t(id)]);
  return ids;
}

// The ids of whole pieces, for ignore_merges. Text never encodes to a special token.
std::unordered_map<std::string, TokenId> ids_of_pieces(const TokenizerParts& parts) {
  std::unordered_map<std::string, TokenId> ids;
  if (!parts.ignore_merges) return ids;
  std::vector<bool> in_vocabulary(parts.tokens.size(), true);
  for (const AddedToken& token : parts.added)
    in_vocabulary[size_t(token.id)] = token.in_vocabulary && !token.special;
  const auto add = [&](TokenId id, const std::string& token) {
    if (const auto bytes = bytes_of_printable(token)) ids.emplace(*bytes, id);
  };
  for (const ShadowedToken& token : parts.shadowed) add(token.id, token.content);
  for (TokenId id = 0; id < TokenId(parts.tokens.size()); ++id)
    if (in_vocabulary[size_t(id)]) add(id, parts.tokens[size_t(id)]);
  return ids;
}

bool is_normalized(const AddedToken& token, const TokenizerParts& parts) {
  return token.normalized && parts.normalizer == Normalizer::kNfc;
}

// The added tokens that are matched before (false) or after (true) normalization.
AddedTokenFinder finder_of(const TokenizerParts& parts, bool normalized) {
  std::vector<AddedToken> tokens;
  for (AddedToken token : parts.added) {
    if (token.normalized != normalized) continue;
    if (is_normalized(token, parts)) token.content = nfc(token.content);
    tokens.push_back(std::move(token));
  }
  return AddedTokenFinder(std::move(tokens));
}

void check_merges(const std::vector<Merge>& merges) {
  std::unordered_map<std::uint64_t, size_t> ranks;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::uint64_t pair =
        std::uint64_t(merges[rank].left) << 32 | std::uint32_t(merges[rank].right);
    const auto [first, is_new] = ranks.emplace(pair, rank);
    check(is_new, "tokenizer: merge ", rank, " repeats merge ", first->second,
          "; give each pair once");
  }
}

void check_added(const std::vector<AddedToken>& added) {
  std::unordered_set<std::string_view> contents;
  for (const AddedToken& token : added) {
    check(!token.content.empty(), "tokenizer: added token ", token.id, " is empty");
    check(contents.insert(token.content).second, "tokenizer: added token ", token.content,
          " occurs twice");
  }
}

}  // namespace

struct Tokenizer::State {
  TokenizerParts parts;
  PreTokenizer pre_tokenizer;
  std::array<TokenId, 256> byte_ids;
  Bpe bpe;
  std::unordered_map<std::string, TokenId> whole;  // pieces that are a token, merges ignored
  AddedTokenFinder finder, normalized_finder;
  std::vector<std::string> bytes;               // by id
  std::vector<bool> is_special;                 // by id
  std::unordered_map<std::string, TokenId> id;  // of added tokens, by content

  mutable std::mutex mutex;                              // guards:
  mutable std::vector<std::unique_ptr<Workspace>> idle;  // one for each encoding at the same time

  explicit State(TokenizerParts given)
      : parts(std::move(given)), pre_tokenizer(parts.stages), byte_ids(ids_of_bytes(parts)),
        bpe(byte_ids, parts.merges, parts.unknown), whole(ids_of_pieces(parts)),
        finder(finder_of(parts, false)), normalized_finder(finder_of(parts, true)),
        is_special(parts.tokens.size(), false) {
    check_merges(parts.merges);
    check_added(parts.added);
    for (const std::string& token : parts.tokens) bytes.push_back(token_bytes(token));
    for (const AddedToken& token : parts.added) {
      if (is_normalized(token, parts)) bytes[size_t(token.id)] = token_bytes(nfc(token.content));
      id.emplace(token.content, token.id);
      is_special[size_t(token.id)] = token.special;
    }
  }

  void encode_piece(std::string_view piece, Index level, std::vector<TokenId>& ids,
                    Workspace& work) const {
    bool found = false;
    const auto* entry = work.cache.place(piece, level, found);
    if (found) {
      ids.insert(ids.end(), entry->ids, entry->ids + entry->count);
      return;
    }
    const size_t before = ids.size();
    encode_new(piece, level, ids, work);
    work.cache.keep(piece, level, std::span(ids).subspan(before));
  }

  // Encodes a piece that is not in the cache. If this level does not split it, it is not looked up
  // again.
  void encode_new(std::string_view piece, Index level, std::vector<TokenId>& ids,
                  Workspace& work) const {
    if (level == pre_tokenizer.depth()) return encode_word(piece, ids, work);
    pre_tokenizer.split(level, piece, work.regex, [&](std::string_view sub) {
      if (sub.size() == piece.size()) encode_new(sub, level + 1, ids, work);
      else encode_piece(sub, level + 1, ids, work);
    });
  }

  void encode_word(std::string_view piece, std::vector<TokenId>& ids, Workspace& work) const {
    if (!whole.empty())
      if (const auto found = whole.find(std::string(piece)); found != whole.end())
        return ids.push_back(found->second);
    if (!bpe.encode_short(piece, ids)) bpe.encode(piece, ids, work.bpe);
  }

  // A long text is cut into parts that threads encode; their ids concatenated are those of the
  // text.
  void encode_text(std::string_view text, std::vector<TokenId>& ids, Workspace& work) const {
    constexpr size_t kPart = size_t(64) << 10;
    if (text.size() < 2 * kPart || threads() == 1 || in_parallel_region())
      return encode_part(text, ids, work);
    const auto pieces = pre_tokenizer.parts(text, kPart);
    std::vector<std::vector<TokenId>> of_part(pieces.size());
    parallel_for(Index(pieces.size()), /*grain=*/1, [&](Index i) {
      const Borrowed own(*this);
      encode_part(pieces[size_t(i)], of_part[size_t(i)], *own);
    });
    size_t total = ids.size();
    for (const auto& more : of_part) total += more.size();
    ids.reserve(total);
    for (const auto& more : of_part) ids.insert(ids.end(), more.begin(), more.end());
  }

  void encode_part(std::string_view text, std::vector<TokenId>& ids, Workspace& work) const {
    for_each_run(
        text, [&](std::string_view run) { encode_piece(run, 0, ids, work); },
        [&](std::string_view run) { bpe.encode(run, ids, work.bpe); });
  }

  // Encodes the text between two added tokens that are matched before normalization.
  void encode_between(std::string_view text, bool specials, std::vector<TokenId>& ids,
                      Workspace& work) const {
    const std::string held = parts.normalizer == Normalizer::kNfc ? nfc(text) : std::string();
    if (parts.normalizer == Normalizer::kNfc) text = held;
    const auto part = [&](std::string_view between) {
      if (!parts.stages.empty() && parts.stages.front().add_prefix_space && between[0] != ' ')
        return encode_text(" " + std::string(between), ids, work);
      encode_text(between, ids, work);
    };
    if (!specials) return part(text);
    normalized_finder.cut(text, part, [&](TokenId token) { ids.push_back(token); });
  }

  // A workspace that no other encoding uses, until the end of its scope.
  class Borrowed {
   public:
    explicit Borrowed(const State& of) : state(of) {
      const std::lock_guard lock(state.mutex);
      if (state.idle.empty()) {
        work = std::make_unique<Workspace>();
      } else {
        work = std::move(state.idle.back());
        state.idle.pop_back();
      }
    }
    ~Borrowed() {
      const std::lock_guard lock(state.mutex);
      state.idle.push_back(std::move(work));
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;

    Workspace& operator*() const { return *work; }

   private:
    const State& state;
    std::unique_ptr<Workspace> work;
  };
};

Tokenizer::Tokenizer(TokenizerParts parts) : state(std::make_shared<State>(std::move(parts))) {}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool specials) const {
  check(text.size() < size_t(1) << 31, "encode: a text of ", text.size(),
        " bytes; cut it into texts below 2 GiB");
  std::vector<TokenId> ids;
  const State::Borrowed work(*state);
  const auto part = [&](std::string_view between) {
    state->encode_between(between, specials, ids, *work);
  };
  if (text.empty()) {
    // Empty: nothing to encode, and no prefix blank.
  } else if (specials) {
    state->finder.cut(text, part, [&](TokenId id) { ids.push_back(id); });
  } else {
    part(text);
  }
  return ids;
}

std::vector<std::vector<TokenId>> Tokenizer::encode_batch(std::span<const std::string> texts,
                                                          bool specials) const {
  std::vector<std::vector<TokenId>> ids(texts.size());
  const auto is_long = [&](size_t i) { return texts[i].size() >= size_t(256) << 10; };
  for (size_t i = 0; i < texts.size(); ++i)
    if (is_long(i)) ids[i] = encode(texts[i], specials);  // all threads work on its parts
  const auto n = Index(texts.size());
  parallel_for(n, /*grain=*/std::clamp<Index>(n / 64, 1, 16), [&](Index i) {
    if (!is_long(size_t(i))) ids[size_t(i)] = encode(texts[size_t(i)], specials);
  });
  return ids;
}

std::string Tokenizer::decode_bytes(std::span<const TokenId> ids, bool keep_specials) const {
  std::string out;
  for (const TokenId id : ids)
    if (const auto more = bytes(id); keep_specials || !is_special(id)) out += more;
  return out;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool keep_specials) const {
  return utf8_lossy(decode_bytes(ids, keep_specials));
}

Index Tokenizer::vocab_size() const { return Index(state->bytes.size()); }

std::string_view Tokenizer::bytes(TokenId id) const {
  check(0 <= id, "decode: token id ", id, " is negative");
  return id < vocab_size() ? std::string_view(state->bytes[size_t(id)]) : std::string_view();
}

bool Tokenizer::is_special(TokenId id) const {
  return 0 <= id && id < vocab_size() && state->is_special[size_t(id)];
}

std::optional<TokenId> Tokenizer::special(std::string_view content) const {
  const auto found = state->id.find(std::string(content));
  return found == state->id.end() ? std::nullopt : std::optional(found->second);
}

TokenId Tokenizer::bos() const {
  const auto id = special(parts().bos);
  check(id.has_value(), "tokenizer: no token that begins a text: ", parts().bos,
        " is not among the added tokens");
  return *id;
}

TokenId Tokenizer::eos() const {
  const auto id = special(parts().eos);
  check(id.has_value(), "tokenizer: no token that ends a text: ", parts().eos,
        " is not among the added tokens");
  return *id;
}

bool Tokenizer::adds_bos() const { return parts().add_bos && special(parts().bos).has_value(); }

std::optional<TokenId> Tokenizer::byte_token(unsigned char byte) const {
  const TokenId id = state->byte_ids[byte];
  return id == kNoToken ? std::nullopt : std::optional(id);
}

const PreTokenizer& Tokenizer::pre_tokenizer() const { return state->pre_tokenizer; }
const TokenizerParts& Tokenizer::parts() const { return state->parts; }

}  // namespace seekling
