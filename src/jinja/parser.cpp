// The grammar is jinja2's (its parser.py), from the loosest operator to the tightest:
//   if-else, or, and, not, comparisons, + -, ~, * / // %, signs, then . [] () | is.
#include "jinja/parser.h"

#include <algorithm>
#include <charconv>

#include "jinja/lexer.h"

namespace seekling::jinja {

namespace {

constexpr int kDeepestNesting = 60, kDeepestTree = 300;

class Parser {
 public:
  explicit Parser(const std::string& source) : tokens(tokens_of(source)) {}

  Statement::Block whole_template() {
    Statement::Block block = statements({});
    if (here().kind != Token::kEnd) fail_here("the beginning of its block");
    return block;
  }

  int line() const { return here().line; }

 private:
  using E = Expression;

  // Tokens.
  const Token& here() const { return tokens[at]; }
  const Token& next() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
  bool is(Token::Kind kind, std::string_view text) const {
    return here().kind == kind && here().text == text;
  }
  bool op(std::string_view text) const { return is(Token::kOperator, text); }
  bool word(std::string_view text) const { return is(Token::kName, text); }
  bool skip(Token::Kind kind, std::string_view text) { return is(kind, text) && (++at, true); }
  bool skip_op(std::string_view text) { return skip(Token::kOperator, text); }
  bool skip_word(std::string_view text) { return skip(Token::kName, text); }
  [[noreturn]] void fail_here(const std::string& expected) const {
    fail("found \"", here().text, "\", expected ", expected);
  }
  void expect_op(const char* text) {
    if (!skip_op(text)) fail_here(text);
  }
  void end_tag() {
    if (!skip(Token::kTag, "%}")) fail_here("%}");
  }
  std::string name() {
    if (here().kind != Token::kName) fail_here("a name");
    return next().text;
  }

  // The trees stay so shallow that no walk over them overflows the stack.
  struct Nested {
    explicit Nested(int& count) : depth(count) {
      if (++depth > kDeepestNesting)
        fail("found more than ", kDeepestNesting, " nested brackets or blocks");
    }
    ~Nested() { --depth; }
    int& depth;
  };
  E node(E::Kind kind, std::vector<E> parts, std::string text = "",
         std::vector<std::string> keywords = {}) const {
    E made{.kind = kind,
           .line = line(),
           .name = std::move(text),
           .parts = std::move(parts),
           .keywords = std::move(keywords)};
    for (const E& part : made.parts) made.depth = std::max(made.depth, part.depth + 1);
    if (made.depth > kDeepestTree)
      fail("found an expression of more than ", kDeepestTree, " steps");
    return made;
  }
  E constant(Value value) const {
    E made = node(E::kConstant, {});
    made.value = std::move(value);
    return made;
  }

  // Expressions.
  E expression() {
    const Nested nested(depth);
    E value = any();
    while (skip_word("if")) {
      E condition = any();
      E other = skip_word("else") ? expression() : constant(Undefined{"else"});
      value = node(E::kCondition, {std::move(condition), std::move(value), std::move(other)});
    }
    return value;
  }
  E any() {
    E left = all();
    while (skip_word("or")) left = node(E::kOr, {std::move(left), all()});
    return left;
  }
  E all() {
    E left = negation();
    while (skip_word("and")) left = node(E::kAnd, {std::move(left), negation()});
    return left;
  }
  E negation() {
    const Nested nested(depth);
    if (skip_word("not")) return node(E::kNot, {negation()});
    return comparison();
  }
  E comparison() {
    std::vector<E> parts = {sum()};
    std::vector<std::string> signs;
    for (;;) {
      const bool symbol = op("==") || op("!=") || op("<") || op("<=") || op(">") || op(">=");
      const bool not_in =
          word("not") && tokens[at + 1].kind == Token::kName && tokens[at + 1].text == "in";
      if (!symbol && !not_in && !word("in")) break;
      signs.push_back(not_in ? "not in" : here().text);
      at += not_in ? 2 : 1;
      parts.push_back(sum());
    }
    return signs.empty() ? parts[0] : node(E::kCompare, std::move(parts), "", std::move(signs));
  }
  E sum() {
    E left = joined();
    while (op("+") || op("-")) {
      const std::string sign = next().text;
      left = node(E::kBinary, {std::move(left), joined()}, sign);
    }
    return left;
  }
  E joined() {
    std::vector<E> parts = {product()};
    while (skip_op("~")) parts.push_back(product());
    return parts.size() == 1 ? parts[0] : node(E::kConcat, std::move(parts));
  }
  E product() {
    E left = signed_value(true);
    while (op("*") || op("/") || op("//") || op("%")) {
      const std::string sign = next().text;
      left = node(E::kBinary, {std::move(left), signed_value(true)}, sign);
    }
    return left;
  }
  E signed_value(bool filters) {
    const Nested nested(depth);
    const std::string sign = op("-") || op("+") ? next().text : "";
    E value = sign.empty() ? primary() : node(E::kSign, {signed_value(false)}, sign);
    for (;;) {
      if (op(".") || op("[")) value = subscript(std::move(value));
      else if (op("(")) value = arguments(E::kCall, "", std::move(value));
      else if (filters && skip_op("|")) value = filter(std::move(value));
      else if (filters && skip_word("is")) value = test(std::move(value));
      else return value;
    }
  }
  E primary() {
    const Token token = next();
    switch (token.kind) {
      case Token::kInteger: return number<std::int64_t>(token.text);
      case Token::kFloat: return number<double>(token.text);
      case Token::kString: {
        std::string literal = token.text;
        while (here().kind == Token::kString) literal += next().text;
        return constant(literal);
      }
      case Token::kName:
        if (token.text == "true" || token.text == "True") return constant(true);
        if (token.text == "false" || token.text == "False") return constant(false);
        if (token.text == "none" || token.text == "None") return constant(None{});
        return node(E::kName, {}, token.text);
      default: break;
    }
    if (token.kind == Token::kOperator && token.text == "(") {
      E inside = op(")") ? node(E::kTuple, {}) : tuple();
      expect_op(")");
      return inside;
    }
    if (token.kind == Token::kOperator && token.text == "[") return node(E::kList, items("]"));
    if (token.kind == Token::kOperator && token.text == "{") return node(E::kDict, items("}"));
    fail("found \"", token.text, "\", expected an expression");
  }
  template <class Number>
  E number(const std::string& digits) const {
    Number value{};
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
      fail("found the number ", digits, ", which does not fit in 64 bits");
    return constant(value);
  }
  std::vector<E> items(const char* end) {  // of a list; of a dictionary, keys and values in turn
    std::vector<E> parts;
    while (!skip_op(end)) {
      if (!parts.empty()) expect_op(",");
      if (skip_op(end)) break;
      parts.push_back(expression());
      if (*end == '}') expect_op(":"), parts.push_back(expression());
    }
    return parts;
  }
  E tuple() {  // one expression, or several with commas
    std::vector<E> parts = {expression()};
    const bool several = op(",");
    while (skip_op(",") && !op(")") && here().kind != Token::kTag) parts.push_back(expression());
    return several ? node(E::kTuple, std::move(parts)) : parts[0];
  }
  E subscript(E object) {
    if (skip_op(".")) {
      if (here().kind != Token::kInteger) return node(E::kAttribute, {std::move(object)}, name());
      return node(E::kItem, {std::move(object), primary()});
    }
    expect_op("[");
    std::vector<E> parts = {std::move(object)};
    bool slice = false;
    while (!op("]")) {
      if (op(":")) slice = true;
      parts.push_back(op(":") ? constant(None{}) : expression());
      if (skip_op(":")) slice = true;
      else break;
    }
    expect_op("]");
    if (!slice && parts.size() == 2) return node(E::kItem, std::move(parts));
    while (parts.size() < 4) parts.push_back(constant(None{}));
    if (!slice || parts.size() > 4) fail("found an index that is neither [i] nor [from:to:step]");
    return node(E::kSlice, std::move(parts));
  }
  E arguments(E::Kind kind, const std::string& text, E of) {
    std::vector<E> parts = {std::move(of)};
    std::vector<std::string> keywords;
    expect_op("(");
    while (!skip_op(")")) {
      if (parts.size() > 1) expect_op(",");
      if (skip_op(")")) break;
      if (op("*") || op("**")) fail("found an argument with a star, which is not supported");
      if (here().kind == Token::kName && tokens[at + 1].kind == Token::kOperator &&
          tokens[at + 1].text == "=") {
        keywords.push_back(next().text);
        ++at;
      } else if (!keywords.empty()) {
        fail_here("an argument with its name, as the one before it");
      }
      parts.push_back(expression());
    }
    return node(kind, std::move(parts), text, std::move(keywords));
  }
  E filter(E value) {
    const std::string which = name();
    if (op("(")) return arguments(E::kFilter, which, std::move(value));
    return node(E::kFilter, {std::move(value)}, which);
  }
  E test(E value) {
    const bool negated = skip_word("not");
    const std::string which = name();
    const auto kind = here().kind;
    const bool bare = kind == Token::kString || kind == Token::kInteger || kind == Token::kFloat ||
                      op("[") || op("{") ||
                      (kind == Token::kName && !word("else") && !word("or") && !word("and") &&
                       !word("is") && !word("if") && !word("not") && !word("in"));
    E made = op("(") ? arguments(E::kTest, which, std::move(value))
             : bare  ? node(E::kTest, {std::move(value), argument_of_test()}, which)
                     : node(E::kTest, {std::move(value)}, which);
    return negated ? node(E::kNot, {std::move(made)}) : made;
  }
  E argument_of_test() {
    E value = primary();
    while (op(".") || op("[") || op("("))
      value = op("(") ? arguments(E::kCall, "", std::move(value)) : subscript(std::move(value));
    return value;
  }

  // Statements.
  bool ends(const std::vector<const char*>& words) const {
    return is(Token::kTag, "{%") && std::ranges::any_of(words, [&](const char* w) {
             return tokens[at + 1].kind == Token::kName && tokens[at + 1].text == w;
           });
  }
  Statement::Block statements(const std::vector<const char*>& until) {
    const Nested nested(depth);
    Statement::Block block;
    while (here().kind != Token::kEnd && !ends(until)) {
      if (here().kind == Token::kText) {
        block.push_back({.kind = Statement::kText, .line = line(), .text = here().text});
        ++at;
      } else if (skip(Token::kTag, "{{")) {
        Statement output{.kind = Statement::kOutput, .line = line()};
        output.expressions.push_back(tuple());
        if (!skip(Token::kTag, "}}")) fail_here("}}");
        block.push_back(std::move(output));
      } else {
        ++at;
        block.push_back(statement());
        end_tag();
      }
    }
    return block;
  }
  Statement::Block body(const std::vector<const char*>& until) {  // from %} to {% and a word
    end_tag();
    Statement::Block block = statements(until);
    if (here().kind == Token::kEnd) fail_here(std::string("{% ") + until.back() + " %}");
    ++at;
    return block;
  }
  Statement statement() {
    Statement made{.kind = Statement::kScope, .line = line()};
    const std::string which = name();
    if (which == "if") branches(made);
    else if (which == "for") loop(made);
    else if (which == "set") assignment(made);
    else if (which == "macro") macro(made);
    else if (which == "break" || which == "continue") leave(made, which);
    else if (which == "generation") made.blocks = {body({"endgeneration"})}, ++at;
    else fail("found the statement \"", which, "\", which is not supported");
    return made;
  }
  void branches(Statement& made) {
    made.kind = Statement::kIf;
    do {
      made.expressions.push_back(any());
      made.blocks.push_back(body({"elif", "else", "endif"}));
    } while (skip_word("elif"));
    if (skip_word("else")) made.blocks.push_back(body({"endif"}));
    ++at;
  }
  void loop(Statement& made) {
    made.kind = Statement::kFor;
    targets(made);
    if (!skip_word("in")) fail_here("in");
    made.expressions.push_back(any());
    if (skip_word("if")) made.expressions.push_back(expression());
    if (word("recursive")) fail("found a recursive loop, which is not supported");
    ++loops;
    made.blocks.push_back(body({"else", "endfor"}));
    --loops;
    if (skip_word("else")) made.blocks.push_back(body({"endfor"}));
    ++at;
  }
  void targets(Statement& made) {
    const bool bracket = skip_op("(");
    do {
      made.targets.push_back(name());
      if (skip_op(".")) made.targets.back() += "." + name();
      if (op(",")) made.unpacks = true;
    } while (skip_op(",") && here().kind == Token::kName && !word("in"));
    if (bracket) expect_op(")");
  }
  void assignment(Statement& made) {
    targets(made);
    if (skip_op("=")) {
      made.kind = Statement::kSet;
      made.expressions.push_back(tuple());
      return;
    }
    made.kind = Statement::kSetBlock;
    made.blocks.push_back(body({"endset"}));
    ++at;
  }
  void macro(Statement& made) {
    made.kind = Statement::kMacro;
    made.text = name();
    expect_op("(");
    while (!skip_op(")")) {
      if (!made.targets.empty()) expect_op(",");
      made.targets.push_back(name());
      if (skip_op("=")) made.expressions.push_back(expression());
      else if (!made.expressions.empty()) fail_here("a default, as the parameter before it has");
    }
    const int outside = std::exchange(loops, 0);
    made.blocks.push_back(body({"endmacro"}));
    loops = outside;
    ++at;
  }
  void leave(Statement& made, const std::string& which) {
    if (loops == 0) fail("found \"", which, "\" outside a loop");
    made.kind = which == "break" ? Statement::kBreak : Statement::kContinue;
  }

  std::vector<Token> tokens;
  std::size_t at = 0;
  int depth = 0, loops = 0;
};

}  // namespace

Statement::Block parse(const std::string& source) {
  Parser parser(source);
  try {
    return parser.whole_template();
  } catch (const Failure& failure) {
    throw Error(text("chat template, line ", parser.line(), ": ", failure.what()));
  }
}

}  // namespace seekling::jinja
