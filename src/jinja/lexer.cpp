#include "jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/check.h"
#include "jinja/methods.h"

namespace seekling::jinja {

namespace {

std::string normalized(const std::string& source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
}
bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)); }

class Lexer {
 public:
  explicit Lexer(const std::string& text) : source(normalized(text)) {}

  std::vector<Token> tokens() {
    try {
      while (at < source.size()) text_and_tag();
    } catch (const Failure& failure) {
      fail(failure.what());
    }
    add(Token::kEnd, "the end of the template");
    return std::move(found);
  }

 private:
  bool next_is(std::string_view word) const { return source.compare(at, word.size(), word) == 0; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(text("chat template, line ", line_here(), ": ", what));
  }

  int line_here() const {
    return counted_line + int(std::count(source.begin() + long(counted),
                                         source.begin() + long(std::min(at, source.size())), '\n'));
  }

  void add(Token::Kind kind, std::string text) {
    counted_line = line_here();
    counted = at;
    found.push_back({kind, std::move(text), counted_line});
  }

  // Text up to the next tag, and the tag.
  void text_and_tag() {
    const bool line_start = at == 0 || source[at - 1] == '\n';
    std::size_t open = source.find('{', at);
    while (open != std::string::npos &&
           (open + 1 == source.size() ||
            std::string_view("{%#").find(source[open + 1]) == std::string_view::npos))
      open = source.find('{', open + 1);
    std::string text = source.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) {
      add(Token::kText, std::move(text));
      at = source.size();
      return;
    }
    const char kind = source[open + 1];
    const char sign = open + 2 < source.size() ? source[open + 2] : ' ';
    const bool signed_tag = sign == '-' || sign == '+';
    add_stripped(std::move(text), sign, kind != '{', line_start);
    at = open;
    if (kind == '#') return skip_comment(open + 2 + signed_tag);
    if (kind == '%' && raw(open + 2 + signed_tag)) return;
    add(Token::kTag, kind == '{' ? "{{" : "{%");
    at = open + 2 + signed_tag;
    tag(kind == '{' ? "}}" : "%}");
  }

  void add_stripped(std::string text, char sign, bool block, bool line_start) {
    const std::size_t line = text.rfind('\n') + 1;
    if (sign == '-') text = strip(text, false, true);
    else if (sign != '+' && block && (line > 0 || line_start) &&
             strip(text.substr(line), true, false).empty())
      text.resize(line);
    if (!text.empty()) add(Token::kText, std::move(text));
  }

  // Steps over the end of a tag, and over the white space that goes with it.
  bool end_of_tag(std::string_view end) {
    const bool minus = next_is("-"), plus = next_is("+") && end != "}}";
    if (source.compare(at + (minus || plus), 2, end) != 0) return false;
    const std::size_t after = at + 2 + (minus || plus);
    if (minus) at = source.size() - strip(source.substr(after), true, false).size();
    else at = after + (!plus && end != "}}" && source.compare(after, 1, "\n") == 0);
    return true;
  }

  void skip_comment(std::size_t from) {
    std::size_t end = source.find("#}", from);
    if (end == std::string::npos) fail("found {# without #}");
    if (end > from && (source[end - 1] == '-' || source[end - 1] == '+')) --end;
    at = end;
    end_of_tag("#}");
  }

  std::size_t past_blanks(std::size_t from) const {
    while (from < source.size() && blank(source[from])) ++from;
    return from;
  }

  // The place after `word` and the blanks around it; 0 if it is not there.
  std::size_t past(std::string_view word, std::size_t from) const {
    const std::size_t start = past_blanks(from);
    return source.compare(start, word.size(), word) == 0 ? past_blanks(start + word.size()) : 0;
  }

  // {% raw %} ... {% endraw %}: text, tags and all.
  bool raw(std::size_t from) {
    std::size_t body = past("raw", from);
    if (body == 0) return false;
    const bool minus = source.compare(body, 1, "-") == 0;
    if (source.compare(body + minus, 2, "%}") != 0) return false;
    body = minus ? past_blanks(body + 3) : body + 2;
    for (std::size_t open = source.find("{%", body); open != std::string::npos;
         open = source.find("{%", open + 2)) {
      const char sign = open + 2 < source.size() ? source[open + 2] : ' ';
      at = past("endraw", open + 2 + (sign == '-' || sign == '+'));
      if (at == 0 || !end_of_tag("%}")) continue;
      return add_stripped(source.substr(body, open - body), sign, true, source[body - 1] == '\n'),
             true;
    }
    at = from;
    fail("found {% raw %} without {% endraw %}");
  }

  void tag(std::string_view end) {
    int brackets = 0;
    for (;;) {
      at = past_blanks(at);
      if (at == source.size()) fail(text("found a tag without ", end));
      const std::size_t start = at;
      if (brackets == 0 && end_of_tag(end)) {
        const std::size_t after = at;
        at = start;
        add(Token::kTag, std::string(end));
        at = after;
        return;
      }
      if (name_start(source[at])) name();
      else if (digit(source[at])) number();
      else if (source[at] == '\'' || source[at] == '"') string();
      else brackets += operation();
    }
  }

  void name() {
    std::size_t end = at;
    while (end < source.size() && (name_start(source[end]) || digit(source[end]))) ++end;
    take(Token::kName, end);
  }

  void take(Token::Kind kind, std::size_t end) {
    add(kind, source.substr(at, end - at));
    at = end;
  }

  std::size_t past_digits(std::size_t from) const {
    while (from < source.size() && (digit(source[from]) || source[from] == '_')) ++from;
    return from;
  }

  void number() {
    const auto digit_at = [&](std::size_t i) { return i < source.size() && digit(source[i]); };
    std::size_t end = past_digits(at);
    Token::Kind kind = Token::kInteger;
    if (source[at - 1] != '.') {  // x.0.1 is two items
      if (source.compare(end, 1, ".") == 0 && digit_at(end + 1))
        end = past_digits(end + 1), kind = Token::kFloat;
      if (end < source.size() && (source[end] | 32) == 'e') {
        const char sign = end + 1 < source.size() ? source[end + 1] : ' ';
        const std::size_t power = end + 1 + (sign == '-' || sign == '+');
        if (digit_at(power)) end = past_digits(power), kind = Token::kFloat;
      }
    }
    take(kind, end);
    std::erase(found.back().text, '_');
  }

  void string() {
    std::size_t end = at + 1;
    while (end < source.size() && source[end] != source[at]) end += source[end] == '\\' ? 2 : 1;
    if (end >= source.size()) fail("found a string without its closing quote");
    add(Token::kString, unescaped(source.substr(at + 1, end - at - 1)));
    at = end + 1;
  }

  // The change in the number of open brackets.
  int operation() {
    static const std::array long_ones = {"**", "//", "==", "!=", "<=", ">="};
    for (const char* word : long_ones)
      if (next_is(word)) return take(Token::kOperator, at + 2), 0;
    const char c = source[at];
    if (std::string_view("+-*/%~[](){}.:|,=<>").find(c) == std::string_view::npos)
      fail(text("found the character ", c, ", which no expression has"));
    take(Token::kOperator, at + 1);
    const bool opens = c == '(' || c == '[' || c == '{', closes = c == ')' || c == ']' || c == '}';
    return int(opens) - int(closes);
  }

  std::string source;
  std::size_t at = 0, counted = 0;
  int counted_line = 1;
  std::vector<Token> found;
};

}  // namespace

std::vector<Token> tokens_of(const std::string& source) { return Lexer(source).tokens(); }

}  // namespace seekling::jinja
