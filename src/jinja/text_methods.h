// The methods of a text: x.strip(), x.split(), ... A letter's case is known for ASCII.
#pragma once

#include <string>

#include "jinja/value.h"

namespace seekling::jinja {

// `set`: the characters to strip; white space without it.
std::string strip(const std::string& text, bool left, bool right, const std::string* set = nullptr);
std::string unescaped(const std::string& literal);  // the text that a quoted literal spells
std::string replaced(const std::string& text, const std::string& from, const std::string& to,
                     std::int64_t most = -1);
std::string lower(std::string text);
std::string upper(std::string text);
std::string capital(std::string text);  // the first letter upper, the others lower

// Each argument by its name, nullptr where it was left out.
std::vector<const Value*> bound(const std::string& function, const Arguments& arguments,
                                const std::vector<std::string>& names);
std::int64_t whole(const Value& value);
const std::string& text_of(const Value& value);

// The method `name`, ready to be called; undefined if Python's str has none of this name.
Value text_method(const std::string& self, const std::string& name);

}  // namespace seekling::jinja
