// The parts of a Markdown page: sections of exercises, fenced blocks, the prose between them,
// numbered lists.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seekling {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text);
// "\n" after each line
std::string text_of(Lines::const_iterator begin, Lines::const_iterator end);

// A section that begins with "## N.K rest" or "### N.Ka rest", and the lines below its heading.
struct Section {
  std::string number, rest;
  Lines lines;
};

// Error if another heading of the second level or below is there.
std::vector<Section> sections_of(const std::filesystem::path& page);

// A fenced block, and the comment on the line before it: <!-- from src/attention/rope.cpp -->.
struct CodeBlock {
  std::string claim;  // "from src/attention/rope.cpp"; empty if there is none
  Lines lines;
  bool closed = false;
};

std::vector<CodeBlock> blocks_of(const Lines& lines);
Lines prose_of(const Lines& lines);  // the lines outside blocks

std::vector<std::string> numbered_list(const Lines& lines);

}  // namespace seekling
