#include "course/submission.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <vector>

#include "core/check.h"
#include "system/file.h"
#include "unicode/unicode.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// A source as the compiler's first phases make it: lines that end in a backslash are joined, and a
// comment is a blank. Strings stay, except that a comment in one is cut as well: at worst a line is
// refused.
std::string without_comments(const std::string& source) {
  std::string joined;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::size_t after = source.find_first_not_of(" \t\r\f\v", i + 1);
    if (source[i] == '\\' && after != source.npos && source[after] == '\n') i = after;
    else joined += source[i];
  }
  std::string out;
  for (std::size_t i = 0; i < joined.size();) {
    const std::string_view two = std::string_view(joined).substr(i, 2);
    if (two == "/*") {
      const std::size_t end = joined.find("*/", i + 2);
      out += ' ';
      i = end == joined.npos ? joined.size() : end + 2;
    } else if (two == "//") {
      i = std::min(joined.find('\n', i), joined.size());
    } else {
      out += joined[i++];
    }
  }
  return out;
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool has_word(const std::string& line, const std::string& word) {
  for (std::size_t at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word_character(line[at - 1])) &&
        (end == line.size() || !is_word_character(line[end])))
      return true;
  }
  return false;
}

std::string_view from_first_character(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\f\v");
  return begin == text.npos ? "" : text.substr(begin);
}

// What follows #include: "directory/file.h" or <vector>.
bool stays_inside(std::string_view name) {
  if (name.empty() || (name[0] != '"' && name[0] != '<')) return false;
  const std::size_t end = name.find(name[0] == '"' ? '"' : '>', 1);
  if (end == name.npos) return false;
  name = name.substr(1, end - 1);
  return !name.starts_with('/') && name.find("..") == name.npos && name.find('\\') == name.npos;
}

bool reads_outside(const std::string& line) {
  for (const char* assembly : {"asm", "__asm", "__asm__"})
    if (has_word(line, assembly)) return true;
  std::string_view rest = from_first_character(line);
  if (rest.starts_with("%:")) rest.remove_prefix(2);
  else if (rest.starts_with("\?\?=")) rest.remove_prefix(3);
  else if (rest.starts_with("#")) rest.remove_prefix(1);
  else return line.find("_Pragma") != line.npos && line.find("dependency") != line.npos;
  rest = from_first_character(rest);
  std::size_t end = 0;
  while (end < rest.size() && is_word_character(rest[end])) ++end;
  const std::string_view directive = rest.substr(0, end);
  if (directive == "pragma") return rest.find("dependency") != rest.npos;
  if (directive != "include" && directive != "include_next" && directive != "import" &&
      directive != "embed")
    return false;
  return !stays_inside(from_first_character(rest.substr(end)));
}

// U+202A to U+202E and U+2066 to U+2069 turn the direction of writing; U+0080 to U+009F are control
// characters.
bool misleads(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 32 || byte(0) == 127;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0x8E && byte(2) <= 0xAE) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

}  // namespace

std::string line_that_reads_outside(const std::string& source) {
  std::istringstream lines(without_comments(source));
  for (std::string line; std::getline(lines, line);)
    if (reads_outside(line)) return line;
  return "";
}

std::string refused(const fs::path& folder, const fs::path& relative) {
  constexpr std::uintmax_t kLargest = 1 << 20;
  fs::path at = folder;
  std::error_code ignored;
  for (const fs::path& part : relative) {
    at /= part;
    if (fs::is_symlink(at, ignored)) return "is reached through a link, which is not followed";
  }
  if (!fs::is_regular_file(at, ignored)) return "is not there";
  const std::uintmax_t size = fs::file_size(at, ignored);
  if (size > kLargest) return text("has ", size, " bytes, expected at most ", kLargest);
  const std::string line = line_that_reads_outside(read_file(at));
  if (line.empty()) return "";
  return "is not compiled: a file outside the project may be read by the line " +
         printable(from_first_character(line), 100);
}

std::string printable(std::string_view text, std::size_t most) {
  const std::string sound = utf8_lossy(text.substr(0, most));
  std::string out;
  for (std::size_t i = 0; i < sound.size();) {
    std::size_t end = i + 1;
    while (end < sound.size() && (static_cast<unsigned char>(sound[end]) & 0xC0) == 0x80) ++end;
    const std::string_view character = std::string_view(sound).substr(i, end - i);
    if (character != "\n" && misleads(character)) out += '?';
    else out += character;
    i = end;
  }
  return text.size() > most ? out + seekling::text("... ", text.size() - most, " more bytes") : out;
}

}  // namespace seekling
