// A stranger's file, which is compiled and whose output is printed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace seekling {

// Why the file folder/relative is not graded, in words that follow its name: it is not there, is
// reached through a link, is too large, or would read files outside the project while it is
// compiled. Empty if it may be compiled.
std::string refused(const std::filesystem::path& folder, const std::filesystem::path& relative);

// A line of a source that reads a file outside the project and the compiler's own folders, or may
// do so; empty if there is none. Known are #include and its relatives, with names that are
// absolute, lead upwards or come from a macro; what puts text into assembly, whose .incbin reads
// any file (asm, the compiler's attributes); and what could spell these (##). They are found in
// comments and strings as well, because a wrong guess of where these end would hide others. Beyond
// this the compiler itself is confined (Workshop::make_strangers).
std::string line_that_reads_outside(const std::string& source);

// At most `most` bytes of a text, of which a terminal shows every character as itself: no control
// characters but line breaks, none that reverse the direction of writing, only UTF-8.
std::string printable(std::string_view text, std::size_t most = 4000);

}  // namespace seekling
