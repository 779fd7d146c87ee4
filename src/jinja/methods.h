// The methods of texts and dictionaries: x.strip(), x.split(), x.items(), ... A letter's case is
// known for ASCII.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "jinja/value.h"

namespace seekling::jinja {

// What is called with a value and with arguments: a method, a filter or a test.
struct Method {
  std::vector<std::string> parameters;
  std::size_t required;
  Value (*call)(const Value& self, const Given& given);
};
using Methods = std::map<std::string, Method>;

// The method x.name, ready to be called; undefined if Python has none of this name.
Value method(const Value& x, const std::string& name);

// `set`: the characters to strip; white space without it.
std::string strip(const std::string& text, bool left, bool right, const std::string* set = nullptr);
std::string unescaped(const std::string& literal);  // the text that a quoted literal spells
std::string replaced(const std::string& text, const std::string& from, const std::string& to,
                     std::int64_t most = -1);
std::string lower(std::string text);
std::string upper(std::string text);

}  // namespace seekling::jinja
