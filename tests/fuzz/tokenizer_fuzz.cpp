// tokenizer.json: any file is refused in a sentence, or gives a tokenizer whose ids give a text's
// bytes back (unless it says that it changes texts), and which is read back as it was written.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "text/tokenizer_json.h"

namespace seekling {

// Bytes without a token, a normalizer, a removing split and a prefix space change a text.
static bool keeps_texts(const Tokenizer& tokenizer) {
  for (int byte = 0; byte < 256; ++byte)
    if (!tokenizer.byte_token(static_cast<unsigned char>(byte))) return false;
  const TokenizerParts& parts = tokenizer.parts();
  return parts.normalizer == Normalizer::kNone &&
         std::none_of(parts.stages.begin(), parts.stages.end(), [](const SplitStage& stage) {
           return stage.removed || stage.add_prefix_space;
         });
}

}  // namespace seekling

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  accepted([&] {
    const Tokenizer tokenizer = parse_tokenizer(as_text(data, size), "fuzz");
    const std::string sentence = "The village, 1234 people.\r\n\t\u4e00\u3042 \xff";
    std::vector<TokenId> ids;
    // It may be an expression without end.
    if (!accepted([&] { ids = tokenizer.encode(sentence, /*specials=*/false); })) return;
    if (keeps_texts(tokenizer) && tokenizer.decode_bytes(ids) != sentence)
      fault("ids do not give their text back");
    const std::string written = tokenizer_json(tokenizer);
    if (tokenizer_json(parse_tokenizer(written, "written")) != written)
      fault("a tokenizer is not read back as it was written");
  });
  return 0;
}
