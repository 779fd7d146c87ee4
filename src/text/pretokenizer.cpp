// The presets, and pieces of a whole text.
#include "text/pretokenizer.h"

#include <algorithm>

#include "unicode/character_tables.h"

namespace seekling {

namespace {

// GPT-2's encoder.py: English endings, then words, numbers and signs with the blank before them,
// then blanks; the last blank of a run stays for the word after it.
constexpr const char* kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// DeepSeek-V3: numbers in groups of up to three; Chinese and Japanese runs; then a sign
// with the word after it, words with marks and one character before them, signs with the line ends
// after them, line ends, blanks.
constexpr const char* kV3Numbers = R"(\p{N}{1,3})";
constexpr const char* kV3Cjk = "[一-龥぀-ゟ゠-ヿ]+";  // U+4E00-9FA5, U+3040-309F, U+30A0-30FF
constexpr const char* kV3Words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// DeepSeek LLM's cased letters, a list of ranges fixed at one version of Unicode.
// The range :-~ of the signs holds all ASCII letters too, which is harmless only because
// the letters' stage runs before.
constexpr const char* kV2LineEnd = "[\r\n]";
constexpr const char* kV2Words =
    R"(\s?[)"
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af"
    "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-"
    "\u03f5\u03f7-\u0481"
    "\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-"
    "\u1cbf\u1d00-\u1d2b\u1d6b-"
    "\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-"
    "\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    "\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-"
    "\u1fec\u1ff2-\u1ff4"
    "\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-"
    "\u212d\u212f-\u2134\u2139"
    "\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-"
    "\u2cee\u2cb2\u2cb3\ua640-\ua66d"
    "\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-"
    "\ufb17\uff21-\uff3a\uff41-"
    "\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-"
    "\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943"
    "]+";
constexpr const char* kV2Signs = R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)";
constexpr const char* kV2BlanksAtLineEnd = R"(\s+$)";
constexpr const char* kV2Cjk = "[一-龥\u0800-一가-\uD7FF]+";

std::string digits_pattern(bool individual) {
  return "[\\p{N}" + std::string(more_digits()) + (individual ? "]" : "]+");
}

std::string escaped(const std::string& literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view("\\^$.|?*+()[]{}&-#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

SplitStage split_on(const char* pattern) {
  return {.kind = SplitStage::kSplit, .pattern = pattern};
}

}  // namespace

std::vector<SplitStage> split_stages(PreTokenizerKind kind) {
  const SplitStage digits{.kind = SplitStage::kDigits}, bytes{.kind = SplitStage::kByteLevel};
  switch (kind) {
    case PreTokenizerKind::kGpt2: return {{.kind = SplitStage::kByteLevel, .use_regex = true}};
    case PreTokenizerKind::kDeepseekV2:
      return {split_on(kV2LineEnd),
              split_on(kV2Words),
              split_on(kV2Signs),
              split_on(kV2BlanksAtLineEnd),
              split_on(kV2Cjk),
              digits,
              bytes};
    case PreTokenizerKind::kDeepseekV3: break;
  }
  return {split_on(kV3Numbers), split_on(kV3Cjk), split_on(kV3Words), bytes};
}

PreTokenizer::PreTokenizer(std::vector<SplitStage> stages) : listed(std::move(stages)) {
  for (const SplitStage& stage : listed) {
    if (stage.kind == SplitStage::kSplit)
      splitters.push_back({Regex(stage.literal ? escaped(stage.pattern) : stage.pattern),
                           !(stage.removed && stage.invert), !stage.removed || stage.invert});
    if (stage.kind == SplitStage::kDigits)
      splitters.push_back({Regex(digits_pattern(stage.individual_digits))});
    if (stage.kind == SplitStage::kByteLevel && stage.use_regex)
      splitters.push_back({Regex(kGpt2)});
  }
}

std::vector<std::string> PreTokenizer::patterns() const {
  std::vector<std::string> out;
  for (const Splitter& splitter : splitters) {
    std::string& spelled = out.emplace_back(splitter.gaps ? "" : "only matches: ");
    if (!splitter.matches) spelled = "only gaps: ";
    for (const char c : splitter.expression.pattern())
      if (c == '\r') spelled += "\\r";
      else if (c == '\n') spelled += "\\n";
      else spelled += c;
  }
  return out;
}

std::vector<std::string_view> PreTokenizer::pieces(std::string_view text) const {
  std::vector<std::string_view> out;
  Regex::Scratch scratch;
  const auto add = [&](std::string_view piece) { out.push_back(piece); };
  for_each_run(
      text, [&](std::string_view run) { split_from(0, run, scratch, add); }, add);
  return out;
}

// A piece ends between two characters, whatever is around them: no match of any stage depends on
// both, so that a stage's matches stay as they are without one of them, and one is in a match of
// some stage, so that this match begins or ends here.
bool PreTokenizer::ends_between(const char* left, const char* right) const {
  bool in_a_match = false;
  for (const Splitter& splitter : splitters) {
    const auto& runs = splitter.expression.without_pcre2();
    if (!runs) return false;
    const auto before = runs->character_at(left), after = runs->character_at(right);
    if (!runs->may_cut_between(before, after)) return false;
    in_a_match = in_a_match || runs->always_matches(before) || runs->always_matches(after);
  }
  return in_a_match;
}

// The first place after `from` where a piece ends between two characters; or the text's end.
size_t PreTokenizer::cut_after(std::string_view text, size_t from) const {
  const char* left = nullptr;  // the character before i, if it is well-formed
  for (size_t i = from; i < text.size();) {
    const Utf8Unit unit = next_utf8(text.substr(i));
    const char* here = unit.kind == Utf8Unit::kCharacter ? text.data() + i : nullptr;
    if (left && here && ends_between(left, here)) return i;
    left = here;
    i += size_t(unit.length);
  }
  return text.size();
}

std::vector<std::string_view> PreTokenizer::parts(std::string_view text, size_t length) const {
  std::vector<std::string_view> out;
  const bool can_cut = std::all_of(
      splitters.begin(), splitters.end(),
      [](const Splitter& splitter) { return splitter.expression.without_pcre2().has_value(); });
  while (can_cut && text.size() > length) {
    const size_t cut = cut_after(text, length);
    out.push_back(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  if (!text.empty()) out.push_back(text);
  return out;
}

}  // namespace seekling
