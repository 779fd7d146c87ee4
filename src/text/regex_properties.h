// Unicode properties in expressions, \p{L}, from the table of character_tables.h. PCRE2's own
// version of Unicode depends on the machine.
#pragma once

#include <string>
#include <string_view>

#include "unicode/character_tables.h"

namespace seekling {

// The inside of a PCRE2 class: \x{41}-\x{5a}, without the surrogates.
std::string listed(const CharacterRanges& ranges);

// The inside of a PCRE2 class with the members of a general category, or with all others.
// Empty for a name that is no general category.
std::string class_of_category(std::string_view name, bool others);

}  // namespace seekling
