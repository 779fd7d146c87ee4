#include "course/markdown.h"

#include <algorithm>
#include <regex>
#include <sstream>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

static bool is_fence(const std::string& line) { return line.starts_with("```"); }

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();  // Windows ends lines by both
    lines.push_back(line);
  }
  return lines;
}

std::string text_of(Lines::const_iterator begin, Lines::const_iterator end) {
  std::string text;
  for (auto line = begin; line != end; ++line) text += *line + "\n";
  return text;
}

std::vector<Section> sections_of(const std::filesystem::path& page) {
  static const std::regex heading(R"(##+ (\d+\.\d+[a-z]?)\s*(.*))");
  std::vector<Section> sections;
  for (const std::string& line : lines_of(read_file(page))) {
    std::smatch match;
    if (std::regex_match(line, match, heading)) {
      sections.push_back({match[1], match[2], {}});
    } else if (line.starts_with("##")) {
      throw Error(
          text(page.string(), ": found \"", line, "\", expected a heading like \"## 5.1 Title\""));
    } else if (!sections.empty()) {
      sections.back().lines.push_back(line);
    }
  }
  return sections;
}

std::vector<CodeBlock> blocks_of(const Lines& lines) {
  static const std::regex comment(R"(\s*<!-- (.*) -->)");
  std::vector<CodeBlock> blocks;
  std::string claim;
  bool inside = false;
  for (const std::string& line : lines) {
    std::smatch match;
    if (is_fence(line)) {
      if (inside) blocks.back().closed = true;
      else blocks.push_back({claim, {}});
      inside = !inside;
      claim.clear();
    } else if (inside) {
      blocks.back().lines.push_back(line);
    } else if (std::regex_match(line, match, comment)) {
      claim = match[1];
    } else if (!line.empty()) {
      claim.clear();
    }
  }
  return blocks;
}

Lines prose_of(const Lines& lines) {
  Lines prose;
  bool inside = false;
  for (const std::string& line : lines) {
    if (is_fence(line)) inside = !inside;
    else if (!inside) prose.push_back(line);
  }
  return prose;
}

std::vector<std::string> numbered_list(const Lines& lines) {
  std::vector<std::string> items;
  for (const std::string& line : lines) {
    const std::string next = std::to_string(items.size() + 1) + ". ";
    if (line.starts_with(next)) items.push_back(line.substr(next.size()));
    else if (!items.empty() && !line.empty())
      items.back() += "\n" + line.substr(std::min(line.find_first_not_of(' '), line.size()));
  }
  return items;
}

}  // namespace seekling
