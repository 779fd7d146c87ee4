#include "jinja/value.h"

#include <algorithm>

#include "unicode/unicode.h"

namespace seekling::jinja {

namespace {

constexpr int kDeepest = 100;

int depth(const Value& value) {
  if (const auto* l = as<List>(value)) return l->depth;
  if (const auto* d = as<Dict>(value)) return d->depth;
  if (as<Object>(value)) fail("found ", kind(value), " inside a list, dictionary or namespace");
  return 0;
}

bool equal_items(const Named& a, const Named& b) {
  return a.size() == b.size() && std::ranges::all_of(a, [&](const auto& item) {
           const Value* other = find(b, item.first);
           return other && equal(item.second, *other);
         });
}

}  // namespace

Value Namespace::attribute(const std::string& name) const {
  const Value* found = find(attributes, name);
  return found ? *found : Undefined{name};
}

Value list(Values items, List::Form form) {
  if (items.size() > kLongestList) fail("a list of more than ", kLongestList, " items");
  int deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, depth(item));
  if (deepest >= kDeepest) fail("lists in one another, more than ", kDeepest, " deep");
  return std::make_shared<const List>(List{std::move(items), form, deepest + 1});
}

Value dict(Named items) {
  Named kept;
  int deepest = 0;
  for (auto& item : items) {
    deepest = std::max(deepest, depth(item.second));
    if (Value* old = find(kept, item.first)) *old = item.second;
    else kept.push_back(std::move(item));
  }
  if (deepest >= kDeepest) fail("dictionaries in one another, more than ", kDeepest, " deep");
  return std::make_shared<const Dict>(Dict{std::move(kept), deepest + 1});
}

Value function(std::function<Value(const Arguments&)> call) {
  const auto made = std::make_shared<Function>();
  made->call = std::move(call);
  return std::static_pointer_cast<Object>(made);
}

Value from_json(const nlohmann::ordered_json& j) {
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_unsigned() && j.get<std::uint64_t>() > std::uint64_t(INT64_MAX))
    fail("found the number ", j.dump(), ", which does not fit in 64 bits");
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (j.is_array()) {
    Values items;
    for (const auto& item : j) items.push_back(from_json(item));
    return list(std::move(items));
  }
  if (!j.is_object()) return None{};
  Named items;
  for (const auto& [key, item] : j.items()) items.emplace_back(key, from_json(item));
  return dict(std::move(items));
}

Given bound(const std::string& function, const Arguments& arguments,
            const std::vector<std::string>& parameters, std::size_t required) {
  Given found(parameters.size());
  if (arguments.positional.size() > parameters.size())
    fail("found ", arguments.positional.size(), " arguments of ", function, ", expected at most ",
         parameters.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) found[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::ranges::find(parameters, name);
    if (at == parameters.end())
      fail("found the argument \"", name, "\" of ", function, ", unknown");
    found[std::size_t(at - parameters.begin())] = &value;
  }
  for (std::size_t i = 0; i < required; ++i)
    if (!found[i]) fail("found ", function, " without the argument ", parameters[i]);
  return found;
}

std::int64_t whole(const Value& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  fail("found ", kind(value), " where an integer was expected");
}

double number(const Value& value) {
  const double* d = std::get_if<double>(&value);
  return d ? *d : double(whole(value));
}

const std::string& text_of(const Value& value) {
  if (const std::string* s = as_text(value)) return *s;
  fail("found ", kind(value), " where a string was expected");
}

std::string limited(std::string text) {
  if (text.size() > kLargestText) fail("a string of more than ", kLargestText >> 20, " MiB");
  return text;
}

Value* find(Named& items, std::string_view name) {
  const auto at = std::ranges::find(items, name, [](const auto& i) { return i.first; });
  return at == items.end() ? nullptr : &at->second;
}

const Value* find(const Named& items, std::string_view name) {
  return find(const_cast<Named&>(items), name);  // which changes nothing
}

std::string kind(const Value& value) {
  static const char* const forms[] = {"a list", "a tuple", "a view, which needs | list,",
                                      "the result of a filter, which needs | list,"};
  static const char* const kinds[] = {"an undefined value", "none",     "a boolean",
                                      "an integer",         "a number", "a string"};
  if (const auto* u = std::get_if<Undefined>(&value)) return "\"" + u->name + "\", not defined";
  if (const auto* l = as<List>(value)) return forms[l->form];
  if (as<Dict>(value)) return "a dictionary";
  if (as<Function>(value)) return "a function";
  if (as<Object>(value)) return as<Namespace>(value) ? "a namespace" : "a loop";
  return kinds[value.index()];
}

bool truth(const Value& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b;
  if (numeric(value)) return number(value) != 0;
  if (const std::string* s = as_text(value)) return !s->empty();
  if (const auto* l = as<List>(value)) return l->form == List::kIterator || !l->items.empty();
  if (const auto* d = as<Dict>(value)) return !d->items.empty();
  return as<Object>(value) != nullptr;
}

bool equal(const Value& a, const Value& b) {
  if (integral(a) && integral(b)) return whole(a) == whole(b);
  if (numeric(a) && numeric(b)) return number(a) == number(b);
  if (a.index() != b.index()) return false;
  if (const std::string* s = as_text(a)) return *s == *as_text(b);
  if (const auto* l = as<List>(a))
    return l->form == as<List>(b)->form && std::ranges::equal(l->items, as<List>(b)->items, equal);
  if (const auto* d = as<Dict>(a)) return equal_items(d->items, as<Dict>(b)->items);
  return as<Object>(a) == as<Object>(b);  // Undefined and None: both nullptr
}

bool less(const Value& a, const Value& b) {
  if (integral(a) && integral(b)) return whole(a) < whole(b);
  if (numeric(a) && numeric(b)) return number(a) < number(b);
  if (as_text(a) && as_text(b)) return *as_text(a) < *as_text(b);  // UTF-8 keeps the order
  fail("found a comparison of ", kind(a), " with ", kind(b));
}

bool contains(const Value& container, const Value& item) {
  if (const std::string* s = as_text(container)) {
    if (!as_text(item)) fail("found ", kind(item), " before \"in\" and a string after it");
    return s->find(*as_text(item)) != std::string::npos;
  }
  return std::ranges::any_of(elements(container),
                             [&](const Value& element) { return equal(element, item); });
}

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> units;
  for (std::string_view left = text; !left.empty();) {
    const auto length = std::size_t(next_utf8(left).length);
    units.emplace_back(left.substr(0, length));
    left.remove_prefix(length);
  }
  return units;
}

Values elements(const Value& value) {
  if (is_undefined(value)) return {};
  if (const auto* l = as<List>(value)) {
    if (l->form == List::kIterator && std::exchange(l->walked, true))
      fail("found a second loop over the result of a filter; write | list after the filter");
    return l->items;
  }
  Values found;
  if (const auto* d = as<Dict>(value)) {
    for (const auto& item : d->items) found.push_back(item.first);
  } else if (const std::string* s = as_text(value)) {
    for (std::string& c : characters(*s)) found.push_back(std::move(c));
  } else {
    fail("found ", kind(value), " where a list was expected");
  }
  return found;
}

}  // namespace seekling::jinja
