// A value of a template: one of Python's, as far as JSON and chat templates know them.
//
// Values are immutable and shared, so a copy is cheap. A namespace, a loop and a function are
// objects, and a list or dictionary never holds one: no value contains itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/check.h"

namespace seekling::jinja {

// An error without its place; Template::render puts the line in front.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Failure(text(parts...));
}

struct Undefined {
  std::string name;
};
struct None {};
struct List;
struct Dict;
struct Object;
using Value =
    std::variant<Undefined, None, bool, std::int64_t, double, std::string,
                 std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Object>>;
using Values = std::vector<Value>;
using Named = std::vector<std::pair<std::string, Value>>;

struct List {
  // A view is the result of items(), range(), ...; an iterator, of map, select, ...: it is true,
  // has no length, and may be walked over once.
  enum Form { kList, kTuple, kView, kIterator };
  Values items;
  Form form;
  int depth;  // of lists and dictionaries in one another
  mutable bool walked = false;
};
struct Dict {
  Named items;  // in the order in which they were added
  int depth;
};

struct Arguments {
  Values positional;
  Named named;
};

// The arguments of a call by the names of its parameters, nullptr where one was left out. The
// first `required` must be there.
using Given = std::vector<const Value*>;
Given bound(const std::string& function, const Arguments& arguments,
            const std::vector<std::string>& parameters, std::size_t required = 0);

struct Object {
  virtual ~Object() = default;
  virtual Value attribute(const std::string& name) const { return Undefined{name}; }
};
struct Namespace : Object {
  Named attributes;
  Value attribute(const std::string& name) const override;
};
struct Function : Object {
  std::function<Value(const Arguments&)> call;
};

inline constexpr std::size_t kLargestText = std::size_t(64) << 20;  // bytes
inline constexpr std::size_t kLongestList = 1'000'000;

Value list(Values items, List::Form form = List::kList);
Value dict(Named items);  // a later item takes the place of an earlier one with the same key
Value function(std::function<Value(const Arguments&)> call);
Value from_json(const nlohmann::ordered_json& json);
std::string limited(std::string text);  // the same text; fails above kLargestText

template <class T>
const T* as(const Value& value) {  // a List or Dict; or a Namespace or another Object
  if constexpr (std::is_base_of_v<Object, T>) {
    const auto* object = std::get_if<std::shared_ptr<Object>>(&value);
    return object ? dynamic_cast<const T*>(object->get()) : nullptr;
  } else {
    const auto* shared = std::get_if<std::shared_ptr<const T>>(&value);
    return shared ? shared->get() : nullptr;
  }
}
inline const std::string* as_text(const Value& v) { return std::get_if<std::string>(&v); }
const std::string& text_of(const Value& value);  // fails for what is no text, as do the next two
std::int64_t whole(const Value& value);          // a bool is a number, as in Python
double number(const Value& value);
inline bool integral(const Value& v) {
  return std::holds_alternative<bool>(v) || std::holds_alternative<std::int64_t>(v);
}
inline bool numeric(const Value& v) { return integral(v) || std::holds_alternative<double>(v); }
inline bool is_undefined(const Value& v) { return std::holds_alternative<Undefined>(v); }
inline bool is_none(const Value& v) { return std::holds_alternative<None>(v); }

Value* find(Named& items, std::string_view name);              // nullptr if there is none
const Value* find(const Named& items, std::string_view name);  // nullptr if there is none
std::string kind(const Value& value);                          // "a list", for messages
bool truth(const Value& value);
bool equal(const Value& a, const Value& b);
bool less(const Value& a, const Value& b);
bool contains(const Value& container, const Value& item);
Values elements(const Value& value);  // characters, items or keys
std::vector<std::string> characters(const std::string& text);

std::string str(const Value& value);  // as Python's str()
std::string repr(const Value& value);

struct JsonStyle {
  bool ascii = false, sorted = false;
  std::string indent = "";  // of one level; used if `lines`
  bool lines = false;
  std::string comma = ", ", colon = ": ";
};
std::string json(const Value& value, const JsonStyle& style);  // as Python's json.dumps

}  // namespace seekling::jinja
