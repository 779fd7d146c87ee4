// The tokenizer on any bytes: its ids give them back, all at once and one at a time.
#include <map>

#include "fuzz/fuzz.h"
#include "text/stream_decoder.h"
#include "text/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  const std::string sentence = as_text(data, size);
  for (const char* name : {"/tok_v2", "/tok_v3"}) {
    static std::map<std::string, Tokenizer> read;
    if (!read.contains(name))
      read.emplace(name, read_tokenizer(SEEKLING_GOLDEN + std::string(name)));
    const Tokenizer& tokenizer = read.at(name);
    for (const bool specials : {false, true}) {
      const std::vector<TokenId> ids = tokenizer.encode(sentence, specials);
      if (tokenizer.decode_bytes(ids) != sentence) fault("ids do not give their text back");
      StreamDecoder decoder(tokenizer);
      std::string streamed;
      for (const TokenId id : ids) streamed += decoder.feed(id);
      if (streamed + decoder.flush() != tokenizer.decode(ids))
        fault("ids one at a time give another text");
    }
  }
  return 0;
}
