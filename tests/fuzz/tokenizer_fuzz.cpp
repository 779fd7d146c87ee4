// tokenizer.json: any text is refused in a sentence, or gives a tokenizer whose ids give a text's
// bytes back, and which is read back as it was written.
#include "fuzz/fuzz.h"
#include "text/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  accepted([&] {
    const Tokenizer tokenizer = parse_tokenizer(as_text(data, size), "fuzz");
    const std::string sentence = "The village, 1234 people.\r\n\t\u4e00\u3042 \xff";
    std::vector<TokenId> ids;
    // It may be an expression without end.
    if (!accepted([&] { ids = tokenizer.encode(sentence, /*specials=*/false); })) return;
    if (tokenizer.decode_bytes(ids) != sentence) fault("ids do not give their text back");
    const std::string written = tokenizer_json(tokenizer);
    if (tokenizer_json(parse_tokenizer(written, "written")) != written)
      fault("a tokenizer is not read back as it was written");
  });
  return 0;
}
