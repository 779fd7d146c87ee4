// The bytes of a file as text: byte order marks are read, and files that are no text are refused.
#pragma once

#include <string>
#include <string_view>

namespace seekling {

// The text of a file with these bytes. A UTF-8 mark is dropped; UTF-16 and UTF-32 with a mark
// become UTF-8, in `converted`, which must outlive the result; all other bytes stay as they are.
// Error, naming `source`, for a compressed file, another kind of file, or UTF-16 without a mark.
std::string_view text_in_file(std::string_view bytes, std::string& converted,
                              const std::string& source);

}  // namespace seekling
