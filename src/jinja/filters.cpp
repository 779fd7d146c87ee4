#include "jinja/filters.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "jinja/operations.h"
#include "jinja/text_methods.h"

namespace seekling::jinja {

namespace {

using Filter = Value (*)(const Value& value, const Arguments& arguments);
using Test = bool (*)(const Value& value, const Arguments& arguments);

const Value& first_of(const Arguments& a) {
  if (a.positional.size() != 1 || !a.named.empty()) fail("found a test without its one argument");
  return a.positional[0];
}

bool flag(const Value* value) { return value && truth(*value); }

// A filter that is a method of str, applied to any value's text.
template <const char* name>
Value as_method(const Value& value, const Arguments& arguments) {
  return as<Function>(text_method(str(value), name))->call(arguments);
}
constexpr char kStrip[] = "strip", kUpper[] = "upper", kLower[] = "lower",
               kCapitalize[] = "capitalize";

// A word of the filter title begins after white space, a hyphen or an opening bracket.
Value title(const Value& value, const Arguments&) {
  std::string text = lower(str(value));
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i == 0 || std::string_view("-({[< \t\n\v\f\r").find(text[i - 1]) != std::string_view::npos)
      text[i] = upper(text.substr(i, 1))[0];
  return text;
}

Value length(const Value& value, const Arguments& a) {
  bound("length", a, {});
  if (const auto* d = as<Dict>(value)) return std::int64_t(d->items.size());
  if (const auto* l = as<List>(value); l && l->form == List::kIterator)
    fail("found the length of ", kind(value), " first");
  return std::int64_t(elements(value).size());
}

Value default_value(const Value& value, const Arguments& a) {
  const auto p = bound("default", a, {"default_value", "boolean"});
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

Value join(const Value& value, const Arguments& a) {
  const auto p = bound("join", a, {"d", "attribute"});
  std::string out;
  bool later = false;
  for (const Value& one : elements(value)) {
    if (std::exchange(later, true) && p[0]) out += str(*p[0]);
    out = limited(std::move(out) + str(p[1] ? at_path(one, *p[1]) : one));
  }
  return out;
}

Value items(const Value& value, const Arguments& a) {
  bound("items", a, {});
  if (is_undefined(value)) return list({}, List::kIterator);
  if (!as<Dict>(value)) fail("found ", kind(value), " where a dictionary was expected");
  const Value view = as<Function>(attribute(value, "items"))->call({});
  return list(as<List>(view)->items, List::kIterator);
}

template <bool front>
Value end_item(const Value& value, const Arguments& a) {
  bound(front ? "first" : "last", a, {});
  const Values all = elements(value);
  if (all.empty()) return Undefined{front ? "first" : "last"};
  return front ? all.front() : all.back();
}

Value reversed(const Value& value, const Arguments& a) {
  bound("reverse", a, {});
  Values all = elements(value);
  std::ranges::reverse(all);
  if (!as_text(value)) return list(std::move(all), List::kIterator);
  return join(list(std::move(all)), {});
}

Value to_float(const Value& value, const Arguments& a) {
  const auto p = bound("float", a, {"default"});
  if (const std::string* s = as_text(value)) {
    char* end = nullptr;
    const std::string digits = strip(*s, true, true);
    const double x = std::strtod(digits.c_str(), &end);
    const bool hexadecimal = digits.find_first_of("xX") != digits.npos;
    if (!digits.empty() && *end == 0 && !hexadecimal) return x;
  } else if (!is_none(value) && value.index() < 5 && !is_undefined(value)) {
    return arithmetic("*", 1.0, value);
  }
  return p[0] ? *p[0] : Value(0.0);
}

Value to_int(const Value& value, const Arguments& a) {
  const auto p = bound("int", a, {"default"});
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  const Value x = to_float(value, {{None{}}, {}});
  if (is_none(x)) return p[0] ? *p[0] : Value(std::int64_t(0));
  const double d = std::get<double>(x);
  if (!(std::abs(d) < 9e15))
    fail("found the number ", str(value), ", too large for the filter int");
  return std::int64_t(d);
}

Value absolute(const Value& value, const Arguments& a) {
  bound("abs", a, {});
  return arithmetic("*", value, std::int64_t(less(value, std::int64_t(0)) ? -1 : 1));
}

Value to_json(const Value& value, const Arguments& a) {
  const auto p = bound("tojson", a, {"ensure_ascii", "indent", "separators", "sort_keys"});
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
    if (both.size() != 2) fail("found separators that are not two texts");
    style.comma = text_of(both[0]), style.colon = text_of(both[1]);
  }
  return json(value, style);
}

// dictsort orders by key, or by value, and takes no notice of case.
Value dict_sort(const Value& value, const Arguments& a) {
  const auto p = bound("dictsort", a, {"case_sensitive", "by", "reverse"});
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

Values items_of(const Value& value) { return truth(value) ? elements(value) : Values{}; }

// map("filter", ...) or map(attribute="name", default=...).
Value map_items(const Value& value, const Arguments& a) {
  Values out;
  const Value* path = find(a.named, "attribute");
  Arguments rest;
  if (path) bound("map", a, {"attribute", "default"});
  else if (a.positional.empty()) fail("found map without a filter and without attribute=");
  else rest = {{a.positional.begin() + 1, a.positional.end()}, a.named};
  const Value* otherwise = find(a.named, "default");
  for (const Value& one : items_of(value))
    out.push_back(path ? at_path(one, *path, otherwise)
                       : filtered(text_of(a.positional[0]), one, rest));
  return list(std::move(out), List::kIterator);
}

// select, reject, selectattr, rejectattr: those items of which the test holds, or does not.
template <bool wanted, bool by_attribute>
Value chosen(const Value& value, const Arguments& a) {
  constexpr std::size_t skipped = by_attribute;
  if (a.positional.size() < skipped) fail("found selectattr or rejectattr without an attribute");
  const bool has_test = a.positional.size() > skipped;
  Arguments rest;
  if (has_test) rest = {{a.positional.begin() + skipped + 1, a.positional.end()}, a.named};
  Values out;
  for (const Value& one : items_of(value)) {
    const Value subject = by_attribute ? at_path(one, a.positional[0]) : one;
    const bool holds =
        has_test ? tested(text_of(a.positional[skipped]), subject, rest) : truth(subject);
    if (holds == wanted) out.push_back(one);
  }
  return list(std::move(out), List::kIterator);
}

const std::map<std::string, Filter> kFilters = {
    {"abs", absolute},
    {"capitalize", as_method<kCapitalize>},
    {"count", length},
    {"d", default_value},
    {"default", default_value},
    {"dictsort", dict_sort},
    {"first", end_item<true>},
    {"float", to_float},
    {"int", to_int},
    {"items", items},
    {"join", join},
    {"last", end_item<false>},
    {"length", length},
    {"list", [](const Value& v, const Arguments&) { return list(elements(v)); }},
    {"lower", as_method<kLower>},
    {"map", map_items},
    {"reject", chosen<false, false>},
    {"rejectattr", chosen<false, true>},
    {"replace",
     [](const Value& v, const Arguments& a) -> Value {
       const auto p = bound("replace", a, {"old", "new", "count"});
       if (!p[1]) fail("found replace without two arguments");
       const std::int64_t most = p[2] && !is_none(*p[2]) ? whole(*p[2]) : -1;
       return replaced(str(v), str(*p[0]), str(*p[1]), most);
     }},
    {"reverse", reversed},
    {"safe", [](const Value& v, const Arguments&) -> Value { return str(v); }},
    {"select", chosen<true, false>},
    {"selectattr", chosen<true, true>},
    {"string", [](const Value& v, const Arguments&) -> Value { return str(v); }},
    {"title", title},
    {"tojson", to_json},
    {"trim", as_method<kStrip>},
    {"upper", as_method<kUpper>},
};

template <class T>
bool holds(const Value& value, const Arguments&) {
  return std::holds_alternative<T>(value);
}

template <const char* sign>
bool relation(const Value& value, const Arguments& a) {
  return compared(sign, value, first_of(a));
}
constexpr char kEq[] = "==", kNe[] = "!=", kLt[] = "<", kLe[] = "<=", kGt[] = ">",
               kGe[] = ">=", kIn[] = "in";

bool divides(const Value& value, const Value& by) {
  return equal(arithmetic("%", value, by), std::int64_t(0));
}

template <bool expected>
bool is_bool(const Value& value, const Arguments&) {
  const bool* b = std::get_if<bool>(&value);
  return b && *b == expected;
}

bool number(const Value& v, const Arguments&) { return v.index() >= 2 && v.index() <= 4; }
bool sequence(const Value& v, const Arguments&) {
  return is_undefined(v) || as_text(v) || as<List>(v) || as<Dict>(v);
}
bool same(const Value& value, const Arguments& a) {
  const Value& other = first_of(a);
  if (!is_none(other) && !std::holds_alternative<bool>(other))
    fail("found sameas with ", kind(other), "; it is supported with none, true and false");
  return value.index() == other.index() && equal(value, other);
}

const std::map<std::string, Test> kTests = {
    {"boolean", holds<bool>},
    {"callable", [](const Value& v, const Arguments&) { return as<Function>(v) != nullptr; }},
    {"defined", [](const Value& v, const Arguments&) { return !is_undefined(v); }},
    {"divisibleby", [](const Value& v, const Arguments& a) { return divides(v, first_of(a)); }},
    {"eq", relation<kEq>},
    {"equalto", relation<kEq>},
    {"even", [](const Value& v, const Arguments&) { return divides(v, std::int64_t(2)); }},
    {"false", is_bool<false>},
    {"float", holds<double>},
    {"ge", relation<kGe>},
    {"gt", relation<kGt>},
    {"in", relation<kIn>},
    {"integer", holds<std::int64_t>},
    {"iterable", sequence},
    {"le", relation<kLe>},
    {"lt", relation<kLt>},
    {"mapping", [](const Value& v, const Arguments&) { return as<Dict>(v) != nullptr; }},
    {"ne", relation<kNe>},
    {"none", holds<None>},
    {"number", number},
    {"odd", [](const Value& v, const Arguments&) { return !divides(v, std::int64_t(2)); }},
    {"sameas", same},
    {"sequence", sequence},
    {"string", holds<std::string>},
    {"true", is_bool<true>},
    {"undefined", holds<Undefined>},
};

Value range(const Arguments& a) {
  Values bounds = a.positional;
  if (bounds.empty() || bounds.size() > 3 || !a.named.empty())
    fail("found range without one to three whole numbers");
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

Value make_namespace(const Arguments& a) {
  const auto made = std::make_shared<Namespace>();
  Named attributes;
  for (const Value& one : a.positional)
    if (const auto* d = as<Dict>(one)) attributes = d->items;
    else fail("found namespace of ", kind(one), ", expected names with values");
  attributes.insert(attributes.end(), a.named.begin(), a.named.end());
  made->attributes = as<Dict>(dict(std::move(attributes)))->items;
  return std::static_pointer_cast<Object>(made);
}

Value make_dict(const Arguments& a) {
  Named items;
  for (const Value& one : a.positional)
    if (const auto* d = as<Dict>(one)) items = d->items;
    else fail("found dict of ", kind(one), ", expected names with values");
  items.insert(items.end(), a.named.begin(), a.named.end());
  return dict(std::move(items));
}

Value time_now(const Arguments& a) {
  const auto p = bound("strftime_now", a, {"format"});
  if (!p[0]) fail("found strftime_now without a format");
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string out(text_of(*p[0]).size() * 8 + 256, 0);
  out.resize(std::strftime(out.data(), out.size(), text_of(*p[0]).c_str(), &local));
  return out;
}

[[noreturn]] Value refuse(const Arguments& a) {
  const auto p = bound("raise_exception", a, {"message"});
  fail("the template refuses the conversation: ", p[0] ? str(*p[0]) : "");
}

}  // namespace

Value filtered(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto filter = kFilters.find(name);
  if (filter == kFilters.end()) fail("found the filter \"", name, "\", which is not supported");
  return filter->second(value, arguments);
}

bool tested(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto test = kTests.find(name);
  if (test == kTests.end()) fail("found the test \"", name, "\", which is not supported");
  return test->second(value, arguments);
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
