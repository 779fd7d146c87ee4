// Incremental UTF-8 decoding: only a sequence cut by the end of the text is held back.
#include "text/stream_decoder.h"

#include <utility>

namespace seekling {

namespace {

size_t certain_prefix(std::string_view text) {  // bytes before an unfinished last character
  for (size_t i = 0; i < text.size();) {
    i += size_t(valid_utf8_prefix(text.substr(i)));
    if (i == text.size()) break;
    const Utf8Unit unit = next_utf8(text.substr(i));
    if (unit.kind == Utf8Unit::kCut) return i;
    i += size_t(unit.length);
  }
  return text.size();
}

}  // namespace

std::string StreamDecoder::feed(TokenId id) {
  const std::string_view bytes = tokenizer.bytes(id);
  if (!keep && tokenizer.is_special(id)) return {};
  pending += bytes;
  const size_t certain = certain_prefix(pending);
  std::string out = utf8_lossy(std::string_view(pending).substr(0, certain));
  pending.erase(0, certain);
  return out;
}

std::string StreamDecoder::flush() { return utf8_lossy(std::exchange(pending, {})); }

}  // namespace seekling
