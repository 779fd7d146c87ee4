#include "jinja/filters.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "jinja/methods.h"
#include "jinja/operations.h"

namespace seekling::jinja {

namespace {

bool flag(const Value* value) { return value && truth(*value); }

// A word of the filter title begins after white space, a hyphen or an opening bracket.
Value title_filter(const Value& value, const Given&) {
  std::string text = lower(str(value));
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i == 0 || std::string_view("-({[< \t\n\v\f\r").find(text[i - 1]) != std::string_view::npos)
      text[i] = upper(text.substr(i, 1))[0];
  return text;
}

Value length(const Value& value, const Given&) {
  if (const auto* d = as<Dict>(value)) return std::int64_t(d->items.size());
  if (const auto* l = as<List>(value); l && l->form == List::kIterator)
    fail("found the length of ", kind(value), " first");
  return std::int64_t(elements(value).size());
}

Value default_value(const Value& value, const Given& p) {
  const bool missing = is_undefined(value) || (flag(p[1]) && !truth(value));
  return !missing ? value : p[0] ? *p[0] : Value("");
}

// The value at "a.b.0" inside a value.
Value at_path(Value value, const Value& path, const Value* otherwise = nullptr) {
  const auto step = [&](const Value& key) {
    value = item(value, key);
    if (is_undefined(value) && otherwise) value = *otherwise;
  };
  if (!as_text(path)) return step(path), value;
  const std::string& names = *as_text(path);
  for (std::size_t from = 0, to; from <= names.size(); from = to + 1) {
    to = std::min(names.find('.', from), names.size());
    const std::string part = names.substr(from, to - from);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    step(number && part.size() < 10 ? Value(std::int64_t(std::stoi(part))) : Value(part));
  }
  return value;
}

Value join_filter(const Value& value, const Given& p) {
  std::string out;
  bool later = false;
  for (const Value& one : elements(value)) {
    if (std::exchange(later, true) && p[0]) out += str(*p[0]);
    out = limited(std::move(out) + str(p[1] ? at_path(one, *p[1]) : one));
  }
  return out;
}

Value items(const Value& value, const Given&) {
  if (is_undefined(value)) return list({}, List::kIterator);
  if (!as<Dict>(value)) fail("found ", kind(value), " where a dictionary was expected");
  const Value view = as<Function>(method(value, "items"))->call({});
  return list(as<List>(view)->items, List::kIterator);
}

template <bool front>
Value end_item(const Value& value, const Given&) {
  const Values all = elements(value);
  if (all.empty()) return Undefined{front ? "first" : "last"};
  return front ? all.front() : all.back();
}

Value reversed(const Value& value, const Given&) {
  Values all = elements(value);
  std::ranges::reverse(all);
  if (!as_text(value)) return list(std::move(all), List::kIterator);
  return join_filter(list(std::move(all)), {nullptr, nullptr});
}

Value to_float(const Value& value, const Given& p) {
  if (const std::string* s = as_text(value)) {
    char* end = nullptr;
    const std::string digits = strip(*s, true, true);
    const double x = std::strtod(digits.c_str(), &end);
    const bool hexadecimal = digits.find_first_of("xX") != digits.npos;
    if (!digits.empty() && *end == 0 && !hexadecimal) return x;
  } else if (numeric(value)) {
    return number(value);
  }
  return p[0] ? *p[0] : Value(0.0);
}

Value to_int(const Value& value, const Given& p) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  const Value none = None{}, x = to_float(value, {&none});
  if (is_none(x)) return p[0] ? *p[0] : Value(std::int64_t(0));
  const double d = std::get<double>(x);
  if (!(std::abs(d) < 9e15))
    fail("found the number ", str(value), ", too large for the filter int");
  return std::int64_t(d);
}

Value absolute(const Value& value, const Given&) {
  return arithmetic("*", value, std::int64_t(less(value, std::int64_t(0)) ? -1 : 1));
}

Value to_json(const Value& value, const Given& p) {
  JsonStyle style{.ascii = flag(p[0]), .sorted = flag(p[3])};
  if (p[1] && !is_none(*p[1])) {
    const std::int64_t width = as_text(*p[1]) ? 0 : whole(*p[1]);
    if (width > 100) fail("found an indent of ", width, ", expected at most 100");
    style.lines = true;
    style.indent = as_text(*p[1]) ? *as_text(*p[1])
                                  : std::string(std::size_t(std::max<std::int64_t>(width, 0)), ' ');
    style.comma = ",";
  }
  if (p[2] && !is_none(*p[2])) {
    const Values both = elements(*p[2]);
    if (both.size() != 2) fail("found separators that are not two strings");
    style.comma = text_of(both[0]), style.colon = text_of(both[1]);
  }
  return json(value, style);
}

// dictsort orders by key, or by value, and takes no notice of case.
Value dict_sort(const Value& value, const Given& p) {
  const bool by_value = p[1] && equal(*p[1], "value");
  Values pairs = elements(items(value, {}));
  const auto key = [&](const Value& pair) {
    const Value& k = as<List>(pair)->items[by_value];
    return as_text(k) && !flag(p[0]) ? Value(lower(*as_text(k))) : k;
  };
  const bool down = flag(p[2]);
  std::ranges::stable_sort(pairs, [&](const Value& x, const Value& y) {
    return down ? less(key(y), key(x)) : less(key(x), key(y));
  });
  return list(std::move(pairs));
}

Value replace_filter(const Value& value, const Given& p) {
  const std::int64_t most = p[2] && !is_none(*p[2]) ? whole(*p[2]) : -1;
  return replaced(str(value), str(*p[0]), str(*p[1]), most);
}

Value as_text_of(const Value& value, const Given&) { return str(value); }

const Methods kFilters = {
    {"abs", {{}, 0, absolute}},
    {"count", {{}, 0, length}},
    {"d", {{"default_value", "boolean"}, 0, default_value}},
    {"default", {{"default_value", "boolean"}, 0, default_value}},
    {"dictsort", {{"case_sensitive", "by", "reverse"}, 0, dict_sort}},
    {"first", {{}, 0, end_item<true>}},
    {"float", {{"default"}, 0, to_float}},
    {"int", {{"default"}, 0, to_int}},
    {"items", {{}, 0, items}},
    {"join", {{"d", "attribute"}, 0, join_filter}},
    {"last", {{}, 0, end_item<false>}},
    {"length", {{}, 0, length}},
    {"list", {{}, 0, [](const Value& v, const Given&) { return list(elements(v)); }}},
    {"replace", {{"old", "new", "count"}, 2, replace_filter}},
    {"reverse", {{}, 0, reversed}},
    {"safe", {{}, 0, as_text_of}},
    {"string", {{}, 0, as_text_of}},
    {"title", {{}, 0, title_filter}},
    {"tojson", {{"ensure_ascii", "indent", "separators", "sort_keys"}, 0, to_json}}};

// Filters that are a method of str, applied to any value's text.
const std::map<std::string, std::string> kTextFilters = {
    {"capitalize", "capitalize"}, {"lower", "lower"}, {"trim", "strip"}, {"upper", "upper"}};

// map, select, reject, selectattr, rejectattr: the items of a list, each by a filter, a test or an
// attribute.
using Chooser = Value (*)(const Value& value, const Arguments& arguments);

Values items_of(const Value& value) { return truth(value) ? elements(value) : Values{}; }

Arguments after(const Arguments& a, std::size_t n) {
  return {{a.positional.begin() + std::ptrdiff_t(n), a.positional.end()}, a.named};
}

// map("filter", ...) or map(attribute="name", default=...).
Value map_items(const Value& value, const Arguments& a) {
  const Value *path = find(a.named, "attribute"), *otherwise = find(a.named, "default");
  if (path) bound("map", a, {"attribute", "default"});
  else if (a.positional.empty()) fail("found map without a filter and without attribute=");
  Values out;
  for (const Value& one : items_of(value))
    out.push_back(path ? at_path(one, *path, otherwise)
                       : filtered(text_of(a.positional[0]), one, after(a, 1)));
  return list(std::move(out), List::kIterator);
}

// Those items of which the test holds, or does not.
template <bool wanted, bool by_attribute>
Value chosen(const Value& value, const Arguments& a) {
  constexpr std::size_t n = by_attribute;
  if (a.positional.size() < n) fail("found selectattr or rejectattr without an attribute");
  Values out;
  for (const Value& one : items_of(value)) {
    const Value subject = by_attribute ? at_path(one, a.positional[0]) : one;
    const bool holds = a.positional.size() > n
                           ? tested(text_of(a.positional[n]), subject, after(a, n + 1))
                           : truth(subject);
    if (holds == wanted) out.push_back(one);
  }
  return list(std::move(out), List::kIterator);
}

const std::map<std::string, Chooser> kChoosers = {{"map", map_items},
                                                  {"reject", chosen<false, false>},
                                                  {"rejectattr", chosen<false, true>},
                                                  {"select", chosen<true, false>},
                                                  {"selectattr", chosen<true, true>}};

template <class T>
Value holds(const Value& value, const Given&) {
  return std::holds_alternative<T>(value);
}
template <class T>
Value is_a(const Value& value, const Given&) {
  return as<T>(value) != nullptr;
}
template <bool expected>
Value is_bool(const Value& value, const Given&) {
  const bool* b = std::get_if<bool>(&value);
  return b && *b == expected;
}
bool divides(const Value& value, const Value& by) {
  return equal(arithmetic("%", value, by), std::int64_t(0));
}
Value sequence(const Value& v, const Given&) {
  return is_undefined(v) || as_text(v) || as<List>(v) || as<Dict>(v);
}
Value same(const Value& value, const Given& p) {
  if (!is_none(*p[0]) && !std::holds_alternative<bool>(*p[0]))
    fail("found sameas with ", kind(*p[0]), "; it is supported with none, true and false");
  return value.index() == p[0]->index() && equal(value, *p[0]);
}

const Methods kTests = {
    {"boolean", {{}, 0, holds<bool>}},
    {"callable", {{}, 0, is_a<Function>}},
    {"defined", {{}, 0, [](const Value& v, const Given&) -> Value { return !is_undefined(v); }}},
    {"divisibleby",
     {{"num"}, 1, [](const Value& v, const Given& p) -> Value { return divides(v, *p[0]); }}},
    {"even",
     {{}, 0, [](const Value& v, const Given&) -> Value { return divides(v, std::int64_t(2)); }}},
    {"false", {{}, 0, is_bool<false>}},
    {"float", {{}, 0, holds<double>}},
    {"integer", {{}, 0, holds<std::int64_t>}},
    {"iterable", {{}, 0, sequence}},
    {"mapping", {{}, 0, is_a<Dict>}},
    {"none", {{}, 0, holds<None>}},
    {"number", {{}, 0, [](const Value& v, const Given&) -> Value { return numeric(v); }}},
    {"odd",
     {{}, 0, [](const Value& v, const Given&) -> Value { return !divides(v, std::int64_t(2)); }}},
    {"sameas", {{"other"}, 1, same}},
    {"sequence", {{}, 0, sequence}},
    {"string", {{}, 0, holds<std::string>}},
    {"true", {{}, 0, is_bool<true>}},
    {"undefined", {{}, 0, holds<Undefined>}}};

// Tests that are a comparison.
const std::map<std::string, std::string> kSigns = {{"eq", "=="}, {"equalto", "=="}, {"ne", "!="},
                                                   {"lt", "<"},  {"le", "<="},      {"gt", ">"},
                                                   {"ge", ">="}, {"in", "in"}};

Value range(const Arguments& a) {
  Values bounds = a.positional;
  if (bounds.empty() || bounds.size() > 3 || !a.named.empty())
    fail("found range without one to three integers");
  if (bounds.size() == 1) bounds.insert(bounds.begin(), std::int64_t(0));
  const std::int64_t from = whole(bounds[0]), to = whole(bounds[1]);
  const std::int64_t step = bounds.size() == 3 ? whole(bounds[2]) : 1;
  if (step == 0) fail("found range with the step 0");
  Values numbers;
  for (std::int64_t i = from; step > 0 ? i < to : i > to;) {
    numbers.push_back(i);
    if (numbers.size() > 100'000) fail("found range of more than 100000 numbers");
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return list(std::move(numbers), List::kView);
}

Value make_dict(const Arguments& a) {
  Named items;
  for (const Value& one : a.positional)
    if (const auto* d = as<Dict>(one)) items = d->items;
    else fail("found ", kind(one), " in dict() or namespace(), expected names with values");
  items.insert(items.end(), a.named.begin(), a.named.end());
  return dict(std::move(items));
}

Value make_namespace(const Arguments& a) {
  const auto made = std::make_shared<Namespace>();
  made->attributes = as<Dict>(make_dict(a))->items;
  return std::static_pointer_cast<Object>(made);
}

Value time_now(const Arguments& a) {
  const std::string& format = text_of(*bound("strftime_now", a, {"format"}, 1)[0]);
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string out(format.size() * 8 + 256, 0);
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  return out;
}

[[noreturn]] Value refuse(const Arguments& a) {
  const auto p = bound("raise_exception", a, {"message"});
  fail("the template refuses the conversation: ", p[0] ? str(*p[0]) : "");
}

}  // namespace

Value filtered(const std::string& name, const Value& value, const Arguments& arguments) {
  if (const auto f = kFilters.find(name); f != kFilters.end())
    return f->second.call(value, bound(name, arguments, f->second.parameters, f->second.required));
  if (const auto f = kTextFilters.find(name); f != kTextFilters.end())
    return as<Function>(method(str(value), f->second))->call(arguments);
  const auto f = kChoosers.find(name);
  if (f == kChoosers.end()) fail("found the filter \"", name, "\", which is not supported");
  return f->second(value, arguments);
}

bool tested(const std::string& name, const Value& value, const Arguments& arguments) {
  if (const auto sign = kSigns.find(name); sign != kSigns.end())
    return compared(sign->second, value, *bound(name, arguments, {"other"}, 1)[0]);
  const auto t = kTests.find(name);
  if (t == kTests.end()) fail("found the test \"", name, "\", which is not supported");
  return truth(
      t->second.call(value, bound(name, arguments, t->second.parameters, t->second.required)));
}

Value global(const std::string& name) {
  static const std::map<std::string, Value> functions = {{"range", function(range)},
                                                         {"namespace", function(make_namespace)},
                                                         {"dict", function(make_dict)},
                                                         {"strftime_now", function(time_now)},
                                                         {"raise_exception", function(refuse)}};
  static constexpr std::string_view unsupported =
      " cycler joiner lipsum self super caller varargs kwargs ";
  if (unsupported.find(" " + name + " ") != std::string_view::npos)
    fail("found the name \"", name, "\", which is not supported");
  const auto found = functions.find(name);
  return found == functions.end() ? Value(Undefined{name}) : found->second;
}

}  // namespace seekling::jinja
