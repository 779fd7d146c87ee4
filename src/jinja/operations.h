// Arithmetic, and the parts of a value: x.name, x[key], x[from:to:step].
#pragma once

#include <string>

#include "jinja/value.h"

namespace seekling::jinja {

Value arithmetic(const std::string& sign, const Value& a, const Value& b);  // + - * / // %
Value negated(const Value& value);
bool compared(const std::string& sign, const Value& a, const Value& b);  // == < "not in" ...

// As in jinja2, x.name looks for a method before an item, and x["name"] for an item first.
Value attribute(const Value& object, const std::string& name);
Value item(const Value& object, const Value& key);
Value slice(const Value& object, const Value& from, const Value& to, const Value& step);

}  // namespace seekling::jinja
