// The walk over the tree. A loop, a macro and a block have variables of their own; an if has not.
#include "jinja/template.h"

#include <algorithm>

#include "jinja/filters.h"
#include "jinja/operations.h"
#include "jinja/parser.h"

namespace seekling::jinja {

namespace {

constexpr int kMostSteps = 1'000'000, kDeepestCalls = 400;

struct Scope {
  const Scope* outer;
  Named variables = {};

  void set(const std::string& name, Value value) {
    if (Value* old = find(variables, name)) *old = std::move(value);
    else variables.emplace_back(name, std::move(value));
  }
};

struct Loop : Object {
  Values items;
  std::size_t i = 0;

  Value attribute(const std::string& name) const override {
    const auto n = std::int64_t(items.size()), at = std::int64_t(i);
    const std::pair<const char*, std::int64_t> numbers[] = {
        {"index", at + 1}, {"index0", at}, {"revindex", n - at}, {"revindex0", n - at - 1},
        {"length", n},     {"depth", 1},   {"depth0", 0}};
    for (const auto& [known, number] : numbers)
      if (name == known) return number;
    if (name == "first") return i == 0;
    if (name == "last") return at == n - 1;
    if (name == "previtem") return i > 0 ? items[i - 1] : Undefined{name};
    if (name == "nextitem") return at < n - 1 ? items[i + 1] : Undefined{name};
    if (name == "cycle")
      return function([i = i](const Arguments& a) {
        if (a.positional.empty()) fail("found loop.cycle() without an argument");
        return a.positional[i % a.positional.size()];
      });
    fail("found loop.", name, ", which is not supported");
  }
};

class Renderer {
 public:
  using E = Expression;
  enum Exit { kNone, kBreak, kContinue };

  Exit run(const Statement::Block& block, Scope& scope, std::string& out) {
    for (const Statement& statement : block) {
      const Deeper deeper(depth);
      line = statement.line;
      const Exit exit = run(statement, scope, out);
      if (out.size() > kLargestText) fail("a result of more than ", kLargestText >> 20, " MiB");
      if (exit != kNone) return exit;
    }
    return kNone;
  }

  int line = 1;

 private:
  struct Deeper {
    explicit Deeper(int& count) : depth(count) {
      if (++depth > kDeepestCalls) fail("found more than ", kDeepestCalls, " nested steps");
    }
    ~Deeper() { --depth; }
    int& depth;
  };

  Exit run(const Statement& s, Scope& scope, std::string& out) {
    switch (s.kind) {
      case Statement::kText: out += s.text; return kNone;
      case Statement::kOutput: out += str(value(s.expressions[0], scope)); return kNone;
      case Statement::kIf: return branch(s, scope, out);
      case Statement::kFor: return loop(s, scope, out);
      case Statement::kSet: assign(s, value(s.expressions[0], scope), scope); return kNone;
      case Statement::kSetBlock: assign(s, own_scope(s.blocks[0], scope), scope); return kNone;
      case Statement::kMacro: scope.set(s.text, macro(s, scope)); return kNone;
      case Statement::kScope: out += own_scope(s.blocks[0], scope); return kNone;
      case Statement::kBreak: return kBreak;
      case Statement::kContinue: return kContinue;
    }
    return kNone;
  }

  std::string own_scope(const Statement::Block& block, const Scope& scope) {
    Scope inner{&scope};
    std::string out;
    run(block, inner, out);
    return out;
  }

  Exit branch(const Statement& s, Scope& scope, std::string& out) {
    for (std::size_t i = 0; i < s.blocks.size(); ++i)
      if (i == s.expressions.size() || truth(value(s.expressions[i], scope)))
        return run(s.blocks[i], scope, out);
    return kNone;
  }

  Exit loop(const Statement& s, const Scope& scope, std::string& out) {
    const auto state = std::make_shared<Loop>();
    state->items = looped_items(s, scope);
    for (state->i = 0; state->i < state->items.size(); ++state->i) {
      count_step();
      Scope inner{&scope};
      assign(s, state->items[state->i], inner);
      inner.set("loop", std::static_pointer_cast<Object>(state));
      if (run(s.blocks[0], inner, out) == kBreak) break;
    }
    if (state->items.empty() && s.blocks.size() > 1) out += own_scope(s.blocks[1], scope);
    return kNone;
  }

  // The items of which the loop's own `if` holds.
  Values looped_items(const Statement& s, const Scope& scope) {
    Values items = elements(value(s.expressions[0], scope));
    if (s.expressions.size() == 1) return items;
    std::erase_if(items, [&](const Value& item) {
      count_step();
      Scope inner{&scope};
      assign(s, item, inner);
      return !truth(value(s.expressions[1], inner));
    });
    return items;
  }

  void count_step() {
    if (++steps > kMostSteps) fail("found more than ", kMostSteps, " steps of loops");
  }

  void assign(const Statement& s, const Value& value, Scope& scope) {
    if (!s.unpacks) return assign(s.targets[0], value, scope);
    const Values items = elements(value);
    if (items.size() != s.targets.size())
      fail("found ", items.size(), " values for ", s.targets.size(), " names");
    for (std::size_t i = 0; i < items.size(); ++i) assign(s.targets[i], items[i], scope);
  }

  void assign(const std::string& target, const Value& value, Scope& scope) {
    const std::size_t dot = target.find('.');
    if (dot == std::string::npos) return scope.set(target, value);
    const Value object = variable(target.substr(0, dot), scope);
    const auto* held = std::get_if<std::shared_ptr<Object>>(&object);
    auto* space = held ? dynamic_cast<Namespace*>(held->get()) : nullptr;
    if (!space) fail("found ", kind(object), " where a namespace was expected: ", target);
    Named changed = space->attributes;
    changed.emplace_back(target.substr(dot + 1), value);
    space->attributes = as<Dict>(dict(std::move(changed)))->items;
  }

  Value variable(const std::string& name, const Scope& scope) {
    for (const Scope* at = &scope; at; at = at->outer)
      if (const Value* found = find(at->variables, name)) return *found;
    return global(name);
  }

  Value macro(const Statement& s, Scope& scope) {
    return function([this, &s, &scope](const Arguments& a) -> Value {
      Scope inner{&scope};
      bind(s, a, inner);
      std::string out;
      const int line_of_call = line;
      run(s.blocks[0], inner, out);
      line = line_of_call;
      return out;
    });
  }

  void bind(const Statement& s, const Arguments& a, Scope& inner) {
    const Given given = bound(s.text, a, s.targets);
    const std::size_t n = s.targets.size(), required = n - s.expressions.size();
    for (std::size_t i = 0; i < n; ++i)
      if (given[i]) inner.set(s.targets[i], *given[i]);
      else if (i < required) inner.set(s.targets[i], Undefined{s.targets[i]});
      else inner.set(s.targets[i], value(s.expressions[i - required], inner));
  }

  Value value(const E& e, const Scope& scope) {
    const Deeper deeper(depth);
    const auto part = [&](std::size_t i) { return value(e.parts[i], scope); };
    switch (e.kind) {
      case E::kConstant: return e.value;
      case E::kName: return variable(e.name, scope);
      case E::kTuple: return list(values(e, scope), List::kTuple);
      case E::kList: return list(values(e, scope));
      case E::kDict: return dictionary(values(e, scope));
      case E::kAttribute: return attribute(part(0), e.name);
      case E::kItem: return item(part(0), part(1));
      case E::kSlice: return slice(part(0), part(1), part(2), part(3));
      case E::kCall: return call(e, scope);
      case E::kFilter: return filtered(e.name, part(0), arguments(e, scope));
      case E::kTest: return tested(e.name, part(0), arguments(e, scope));
      case E::kNot: return !truth(part(0));
      case E::kSign:
        return e.name == "-" ? negated(part(0)) : arithmetic("+", std::int64_t(0), part(0));
      case E::kBinary: return binary(e, scope);
      case E::kConcat: return concatenated(values(e, scope));
      case E::kCompare: return comparison(e, scope);
      case E::kAnd: return either(e, scope, false);
      case E::kOr: return either(e, scope, true);
      case E::kCondition: return part(truth(part(0)) ? 1 : 2);
    }
    return None{};
  }

  Values values(const E& e, const Scope& scope) {
    Values all;
    for (const E& part : e.parts) all.push_back(value(part, scope));
    return all;
  }

  Arguments arguments(const E& e, const Scope& scope) {  // parts[0] is no argument
    Arguments all;
    const std::size_t first_named = e.parts.size() - e.keywords.size();
    for (std::size_t i = 1; i < e.parts.size(); ++i)
      if (i < first_named) all.positional.push_back(value(e.parts[i], scope));
      else all.named.emplace_back(e.keywords[i - first_named], value(e.parts[i], scope));
    return all;
  }

  Value call(const E& e, const Scope& scope) {
    const Value callee = value(e.parts[0], scope);
    const auto* f = as<Function>(callee);
    if (!f) fail("found a call of ", kind(callee), ", which is not a function");
    return f->call(arguments(e, scope));
  }

  Value binary(const E& e, const Scope& scope) {
    const Value left = value(e.parts[0], scope);
    return arithmetic(e.name, left, value(e.parts[1], scope));
  }

  static Value dictionary(const Values& keys_and_values) {
    Named items;
    for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
      const std::string* key = as_text(keys_and_values[i]);
      if (!key) fail("found ", kind(keys_and_values[i]), " as a key, expected a string");
      items.emplace_back(*key, keys_and_values[i + 1]);
    }
    return dict(std::move(items));
  }

  static Value concatenated(const Values& parts) {
    std::string out;
    for (const Value& part : parts) out = limited(std::move(out) + str(part));
    return out;
  }

  Value comparison(const E& e, const Scope& scope) {  // a < b < c: each pair holds
    Value left = value(e.parts[0], scope);
    for (std::size_t i = 0; i < e.keywords.size(); ++i) {
      Value right = value(e.parts[i + 1], scope);
      if (!compared(e.keywords[i], left, right)) return false;
      left = std::move(right);
    }
    return true;
  }

  Value either(const E& e, const Scope& scope, bool enough) {
    Value left = value(e.parts[0], scope);
    return truth(left) == enough ? left : value(e.parts[1], scope);
  }

  int depth = 0, steps = 0;
};

}  // namespace

Template::Template(const std::string& source) : block(parse(source)) {}

std::string Template::render(const nlohmann::ordered_json& context) const {
  Renderer renderer;
  try {
    Scope scope{nullptr};
    for (const auto& [name, value] : context.items()) scope.set(name, from_json(value));
    std::string out;
    renderer.run(block, scope, out);
    return out;
  } catch (const Failure& failure) {
    throw Error(text("chat template, line ", renderer.line, ": ", failure.what()));
  }
}

}  // namespace seekling::jinja
