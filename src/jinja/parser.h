// A template's text, parsed.
#pragma once

#include <string>

#include "jinja/ast.h"

namespace seekling::jinja {

// Error, with the line, for a construct outside the subset.
Statement::Block parse(const std::string& source);

}  // namespace seekling::jinja
