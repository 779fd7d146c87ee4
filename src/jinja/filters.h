// The filters, x | name(...), the tests, x is name(...), and the functions of every template.
#pragma once

#include <string>

#include "jinja/value.h"

namespace seekling::jinja {

Value filtered(const std::string& name, const Value& value, const Arguments& arguments);
bool tested(const std::string& name, const Value& value, const Arguments& arguments);
Value global(const std::string& name);  // undefined if there is none

}  // namespace seekling::jinja
