#include "course/submission.h"

#include <algorithm>
#include <cctype>

#include "core/check.h"
#include "system/file.h"
#include "unicode/unicode.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// Lines that end in a backslash are joined, as in the compiler's second phase.
std::string with_joined_lines(const std::string& source) {
  std::string joined;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::size_t after = source.find_first_not_of(" \t\r\f\v", i + 1);
    if (source[i] == '\\' && after != source.npos && source[after] == '\n') i = after;
    else joined += source[i];
  }
  return joined;
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::size_t find_word(const std::string& text, const std::string& word) {
  std::size_t at = text.find(word);
  for (; at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word_character(text[at - 1])) &&
        (end == text.size() || !is_word_character(text[end])))
      break;
  }
  return at;
}

bool has_word(const std::string& text, const std::string& word) {
  return find_word(text, word) != text.npos;
}

std::string_view from_first_character(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\f\v");
  return begin == text.npos ? "" : text.substr(begin);
}

// What follows blanks and comments.
std::string_view next_token(std::string_view text) {
  for (text = from_first_character(text); text.starts_with("/*");) {
    const std::size_t end = text.find("*/", 2);
    text = end == text.npos ? "" : from_first_character(text.substr(end + 2));
  }
  return text;
}

// What follows #include: "directory/file.h" or <vector>.
bool stays_inside(std::string_view name) {
  if (name.empty() || (name[0] != '"' && name[0] != '<')) return false;
  const std::size_t end = name.find(name[0] == '"' ? '"' : '>', 1);
  if (end == name.npos) return false;
  name = name.substr(1, end - 1);
  return !name.starts_with('/') && name.find("..") == name.npos && name.find('\\') == name.npos;
}

// Whether a directive that reads outside begins with `rest`, which follows a number sign.
bool directive_reads_outside(std::string_view rest) {
  rest = next_token(rest);
  std::size_t end = 0;
  while (end < rest.size() && is_word_character(rest[end])) ++end;
  const std::string_view directive = rest.substr(0, end);
  if (directive == "pragma")
    return has_word(std::string(rest.substr(0, rest.find('\n'))), "dependency");
  if (directive != "include" && directive != "include_next" && directive != "import" &&
      directive != "embed")
    return false;
  return !stays_inside(next_token(rest.substr(end)));
}

// Where a source reads outside, or may do so; npos if nowhere.
std::size_t place_that_reads_outside(const std::string& source) {
  const std::string_view all = source;
  for (const std::string_view sign : {"#", "%:", "\?\?="})
    for (std::size_t at = all.find(sign); at != all.npos; at = all.find(sign, at + 1))
      if (directive_reads_outside(all.substr(at + sign.size()))) return at;
  for (const char* word : {"asm", "__asm", "__asm__", "__attribute", "__attribute__", "gnu",
                           "__gnu__", "__has_include", "__has_include_next", "__has_embed"})
    if (const std::size_t at = find_word(source, word); at != source.npos) return at;
  for (const char* joins : {"##", "%:%:", "__REDIRECT"})
    if (const std::size_t at = source.find(joins); at != source.npos) return at;
  const std::size_t at = find_word(source, "dependency");
  return find_word(source, "_Pragma") == source.npos ? source.npos : at;
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
  const std::string joined = with_joined_lines(source);
  const std::size_t at = place_that_reads_outside(joined);
  if (at == joined.npos) return "";
  const std::size_t before = joined.rfind('\n', at), begin = before == joined.npos ? 0 : before + 1;
  return joined.substr(begin, joined.find('\n', at) - begin);
}

std::string refused(const fs::path& folder, const fs::path& relative) {
  constexpr std::uintmax_t kLargest = 1 << 20;
  fs::path at = folder;
  std::error_code ignored;
  for (const fs::path& part : relative) {
    at /= part;
    if (fs::is_symlink(at, ignored)) return "is reached through a link, and links are not followed";
  }
  if (!fs::is_regular_file(at, ignored)) return "does not exist";
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
