// PCRE2 (pcre.org), with UTF, Unicode properties and its just-in-time compiler.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>

#include "core/check.h"
#include "text/regex_properties.h"

namespace seekling {

namespace {

constexpr std::string_view kDifferent = "hHwWbBXRKGNOyYvVQE";  // escapes that Oniguruma differs in
constexpr size_t kStackStart = 32 << 10, kStackLimit = 1 << 20;

std::string escape(const std::string& pattern, char letter, bool in_class) {
  check(kDifferent.find(letter) == std::string_view::npos, "regex ", pattern, ": \\", letter,
        " is not supported; use \\s, \\S, \\d or \\p{...}");
  check(letter != 'S' || !in_class, "regex ", pattern,
        ": \\S inside [...] is not supported; list the characters");
  // PCRE2's own \s includes U+180E.
  if (letter == 's')
    return in_class ? listed(white_space()) : text("[", listed(white_space()), "]");
  if (letter == 'S') return text("[^", listed(white_space()), "]");
  return {'\\', letter};
}

// \p{L}, \P{L}, \p{^L}, \pL, \d or \D at pattern[i], a letter after the backslash; moves i to the
// end. Empty, and i as it was: no general category, so PCRE2's own.
std::string category_at(const std::string& pattern, size_t& i, bool in_class) {
  std::string name = pattern[i] == 'd' || pattern[i] == 'D' ? "Nd" : pattern.substr(i + 1, 1);
  bool others = pattern[i] == 'P' || pattern[i] == 'D';
  size_t end = name == "Nd" ? i : i + 1;
  if (name == "{") {
    end = pattern.find('}', i);
    if (end == pattern.npos) return "";
    name = pattern.substr(i + 2, end - i - 2);
    if (name.starts_with('^')) name.erase(0, 1), others = !others;
  }
  const std::string members = class_of_category(name, others && in_class);
  if (members.empty()) return "";
  i = end;
  return in_class ? members : text(others ? "[^" : "[", class_of_category(name, false), "]");
}

std::string from_oniguruma(const std::string& pattern) {
  // In a long run of blanks without a line end after it, \s+$ is tried again at every blank:
  // quadratic. If the first blank of the run fails, so do the others, so it is enough to try the
  // first.
  if (pattern == R"(\s+$)") return from_oniguruma(R"((?<!\s)\s+$)");
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    // Translate escapes and properties; copy everything else.
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char letter = pattern[++i];
      const bool property = letter == 'p' || letter == 'P' || letter == 'd' || letter == 'D';
      const std::string category = property ? category_at(pattern, i, in_class) : "";
      out += category.empty() ? escape(pattern, letter, in_class) : category;
      continue;
    }

    // Refuse what has another meaning in the two dialects.
    const bool nested = in_class && (c == '[' || pattern.compare(i, 2, "&&") == 0);
    check(!nested, "regex ", pattern,
          ": sets inside [...] are not supported; write \\[ or \\&\\& for the characters");
    check(in_class || pattern.compare(i, 3, "(?m") != 0, "regex ", pattern,
          ": (?m) is not supported");
    check(in_class || pattern.compare(i, 2, "(*") != 0, "regex ", pattern,
          ": (*VERB) is not supported");
    const size_t first = i + (pattern.compare(i + 1, 1, "^") == 0 ? 2 : 1);  // c begins a class
    check(in_class || c != '[' || pattern.compare(first, 1, "]") != 0, "regex ", pattern,
          ": a ] that begins [...] is not supported; write \\] for the character");
    if (c == '[' || c == ']') in_class = c == '[';
    out += c;
  }
  return out;
}

std::string reason(int error) {
  char message[256];
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
  return message;
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

void Regex::Scratch::prepare() {
  if (match_data) return;
  match_data.reset(pcre2_match_data_create(1, nullptr), [](auto* p) { pcre2_match_data_free(p); });
  context.reset(pcre2_match_context_create(nullptr), [](auto* p) { pcre2_match_context_free(p); });
  stack.reset(pcre2_jit_stack_create(kStackStart, kStackLimit, nullptr),
              [](auto* p) { pcre2_jit_stack_free(p); });
  pcre2_jit_stack_assign(static_cast<pcre2_match_context*>(context.get()), nullptr, stack.get());
}

Regex::Regex(std::string pattern)
    : written(std::move(pattern)), runs(RunExpression::parse(written)) {
  if (runs) return;
  const std::string translated = from_oniguruma(written);
  const std::shared_ptr<pcre2_compile_context> settings(pcre2_compile_context_create(nullptr),
                                                        pcre2_compile_context_free);
  pcre2_set_newline(settings.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE where = 0;
  auto* compiled = pcre2_compile(units(translated), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                 &error, &where, settings.get());
  check(compiled != nullptr, "regex ", written, ": ", compiled ? "" : reason(error));
  code.reset(compiled, [](auto* p) { pcre2_code_free(p); });
  std::uint32_t can_match_nothing = 0;
  pcre2_pattern_info(compiled, PCRE2_INFO_MATCHEMPTY, &can_match_nothing);
  check(can_match_nothing == 0, "regex ", written,
        ": it can match an empty text and so splits nothing off");
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // without a compiler, PCRE2 interprets
}

bool Regex::find(std::string_view text, Index from, Match& match, Scratch& scratch) const {
  if (runs) {
    const auto found = runs->find(text, from, match);
    check(found != RunExpression::Found::kGivesUp, "regex ", written, ": it gives up on a text of ",
          text.size(), " bytes (match limit exceeded)");
    return found == RunExpression::Found::kYes;
  }
  scratch.prepare();
  auto* data = static_cast<pcre2_match_data*>(scratch.match_data.get());
  const int found = pcre2_match(static_cast<pcre2_code*>(code.get()), units(text), text.size(),
                                size_t(from), PCRE2_NO_UTF_CHECK, data,
                                static_cast<pcre2_match_context*>(scratch.context.get()));
  if (found == PCRE2_ERROR_NOMATCH) return false;
  check(found >= 0, "regex ", written, ": it gives up on a text of ", text.size(), " bytes (",
        found < 0 ? reason(found) : "", ")");
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
  match = {Index(ends[0]), Index(ends[1])};
  return true;
}

}  // namespace seekling
