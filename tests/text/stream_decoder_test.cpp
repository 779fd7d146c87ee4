#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "core/rng.h"
#include "text/tokenizer_golden.h"
#include "text/tokenizer_json.h"

namespace seekling {

static Tokenizer golden_tokenizer() {
  return read_tokenizer(golden_path("tok_v3", "tokenizer.json"));
}

static std::string streamed(const Tokenizer& tokenizer, std::span<const TokenId> ids,
                            bool keep_specials = true) {
  StreamDecoder decoder(tokenizer, keep_specials);
  std::string out;
  for (const TokenId id : ids) {
    const std::string more = decoder.feed(id);
    EXPECT_EQ(count_malformed(more), 0);
    out += more;
  }
  return out + decoder.flush();
}

TEST(StreamDecoder, EqualsDecodeForEveryCut) {
  const Tokenizer tokenizer = golden_tokenizer();
  const auto ids = tokenizer.encode("a你好😀é\xF0\x9F\x98 \xFFz<｜User｜>𐐷");
  for (size_t begin = 0; begin <= ids.size(); ++begin) {
    for (size_t end = begin; end <= ids.size(); ++end) {
      const auto part = std::span(ids).subspan(begin, end - begin);
      EXPECT_EQ(streamed(tokenizer, part), tokenizer.decode(part));
      EXPECT_EQ(streamed(tokenizer, part, false), tokenizer.decode(part, false));
    }
  }
}

TEST(StreamDecoder, EqualsDecodeForRandomIds) {
  const Tokenizer tokenizer = golden_tokenizer();
  Rng rng(3);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<TokenId> ids(size_t(rng.below(12)));
    for (TokenId& id : ids) id = TokenId(rng.below(tokenizer.vocab_size()));
    EXPECT_EQ(streamed(tokenizer, ids), tokenizer.decode(ids));
  }
}

TEST(StreamDecoder, HoldsAHalfCharacterBack) {
  const Tokenizer tokenizer = golden_tokenizer();
  const auto byte = [&](const char* bytes) { return tokenizer.encode(bytes).at(0); };
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.feed(byte("\xF0")), "");
  EXPECT_EQ(decoder.feed(byte("\x9F")), "");
  EXPECT_EQ(decoder.feed(byte("\x98")), "");
  EXPECT_EQ(decoder.feed(byte("\x80")), "😀");
  EXPECT_EQ(decoder.feed(byte("\xF0")), "");
  EXPECT_EQ(decoder.feed(byte("a")), "\uFFFDa");  // now certain that it stays unfinished
  EXPECT_EQ(decoder.feed(byte("\xE4")), "");
  EXPECT_EQ(decoder.flush(), "\uFFFD");
  EXPECT_EQ(decoder.flush(), "");
}

TEST(StreamDecoder, AnIdWithoutATokenGivesNoText) {
  EXPECT_EQ(StreamDecoder(golden_tokenizer()).feed(700), "");
}

}  // namespace seekling
