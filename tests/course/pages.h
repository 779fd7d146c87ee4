// What the project's pages claim, held to the project: links and their anchors, quotes of source
// files, outputs of programs. Each function returns a sentence for each fault.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/real.h"
#include "course/book.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

inline const fs::path kRoot = SEEKLING_ROOT;

inline Lines without_common_indent(Lines lines) {
  std::size_t indent = std::string::npos;
  for (const std::string& line : lines) indent = std::min(indent, line.find_first_not_of(' '));
  for (std::string& line : lines)
    if (!line.empty()) line.erase(0, std::min(indent, line.size()));
  return lines;
}

// Is `run` a run of consecutive lines of `whole`, the indentation that all
// of its lines share aside?
inline bool holds_run(const Lines& whole, const Lines& run) {
  const Lines wanted = without_common_indent(run);
  for (std::size_t at = 0; at + run.size() <= whole.size(); ++at)
    if (without_common_indent({whole.begin() + std::ptrdiff_t(at),
                               whole.begin() + std::ptrdiff_t(at + run.size())}) == wanted)
      return true;
  return false;
}

// Does `found` look like `pattern`, in which a line "..." is any number of lines and "…"
// any text within a line?
inline bool looks_like(const Lines& pattern, const Lines& found, std::size_t p = 0,
                       std::size_t f = 0) {
  if (p == pattern.size()) return f == found.size();
  if (pattern[p] == "...") {
    for (std::size_t skip = f; skip <= found.size(); ++skip)
      if (looks_like(pattern, found, p + 1, skip)) return true;
    return false;
  }
  if (f == found.size()) return false;
  const std::string dots = "…";
  std::string rest = pattern[p];
  std::size_t at = 0;
  bool anywhere = false;  // behind a "…"
  for (;;) {
    const std::size_t next = rest.find(dots);
    const std::string part = rest.substr(0, next);
    const std::size_t place = next == rest.npos && anywhere && found[f].size() >= part.size()
                                  ? found[f].find(part, std::max(at, found[f].size() - part.size()))
                                  : found[f].find(part, at);
    if (place == std::string::npos || (!anywhere && place != at)) return false;
    at = place + part.size();
    if (next == rest.npos) break;
    rest = rest.substr(next + dots.size());
    anywhere = true;
  }
  return at == found[f].size() && looks_like(pattern, found, p + 1, f + 1);
}

// As GitHub makes them of headings: lower case, blanks to dashes, no punctuation;
// bytes above 127 stay.
inline std::string anchor_of(const std::string& heading) {
  static const std::regex link(R"(\[([^\]]*)\]\([^)]*\))");
  std::string anchor;
  for (const char c : std::regex_replace(heading, link, "$1")) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 127 || std::isalnum(byte) || c == '-' || c == '_')
      anchor += byte > 127 ? c : char(std::tolower(byte));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

inline std::set<std::string> anchors_of(const fs::path& page) {
  std::set<std::string> anchors;
  for (const std::string& line : prose_of(lines_of(read_file(page)))) {
    const std::size_t text = line.find_first_not_of('#');
    if (text == 0 || text == line.npos || line[text] != ' ') continue;
    const std::string anchor = anchor_of(line.substr(text + 1));
    std::string unique = anchor;
    for (int i = 1; !anchors.insert(unique).second; ++i) unique = anchor + "-" + std::to_string(i);
  }
  return anchors;
}

inline std::vector<fs::path> pages_of(const fs::path& root) {
  static const std::set<std::string> passed_over{"build", "runs", "my"};
  std::vector<fs::path> pages;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() &&
        (passed_over.contains(name) || name.starts_with(".") || name.starts_with("build-")))
      entry.disable_recursion_pending();
    if (entry->is_regular_file() && entry->path().extension() == ".md")
      pages.push_back(entry->path());
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

inline std::vector<std::string> faults_of_links(const fs::path& page) {
  static const std::regex link(R"(\]\(([^)\s]*)\))"), code("`[^`]*`");
  std::vector<std::string> faults;
  for (const std::string& line : prose_of(lines_of(read_file(page)))) {
    const std::string words = std::regex_replace(line, code, "");
    for (std::sregex_iterator at(words.begin(), words.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (target.starts_with("http")) continue;
      const std::size_t hash = target.find('#');
      const std::string file = target.substr(0, hash);
      const fs::path path = file.empty() ? page : page.parent_path() / file;
      if (!fs::exists(path))
        faults.push_back(page.string() + ": the link " + target + " leads to no file");
      else if (hash != target.npos && path.extension() == ".md" &&
               !anchors_of(path).contains(target.substr(hash + 1)))
        faults.push_back(page.string() + ": the link " + target + " leads to no heading");
    }
  }
  return faults;
}

// GitHub reads a backslash before punctuation as Markdown's own, between $$ and $$ and between $
// and $, but not in a block marked math.
inline std::vector<std::string> faults_of_mathematics(const fs::path& page) {
  static const std::regex code("`[^`]*`"), inline_math(R"(\$[^$]*\$)"), escaped(R"(\\[^A-Za-z])");
  std::vector<std::string> faults;
  for (const std::string& line : prose_of(lines_of(read_file(page)))) {
    const std::string words = std::regex_replace(line, code, "");
    if (words.find("$$") != words.npos)
      faults.push_back(page.string() + ": mathematics between $$: " + line);
    for (std::sregex_iterator at(words.begin(), words.end(), inline_math), end; at != end; ++at)
      if (const std::string formula = at->str(); std::regex_search(formula, escaped))
        faults.push_back(page.string() + ": " + formula +
                         " has a backslash that GitHub takes away");
  }
  return faults;
}

// How many words `wc -w` counts.
inline Index words_of(const fs::path& page) {
  std::istringstream in(read_file(page));
  Index words = 0;
  for (std::string word; in >> word;) ++words;
  return words;
}

// `run` runs "./seekling ..." and returns all that it prints.
inline std::vector<std::string> faults_of_quotes(
    const fs::path& root, const fs::path& page,
    const std::function<std::string(const std::string&)>& run) {
  std::vector<std::string> faults;
  const auto fault = [&](const CodeBlock& block, const std::string& what) {
    faults.push_back(page.string() + ": the block that begins \"" +
                     (block.lines.empty() ? "" : block.lines[0]) + "\" " + what);
  };
  for (const CodeBlock& block : blocks_of(lines_of(read_file(page)))) {
    if (block.claim.starts_with("from ")) {
      const fs::path file = root / block.claim.substr(5);
      if (!fs::exists(file))
        fault(block, "is said to be from " + block.claim.substr(5) + ", which is not there");
      else if (block.lines.empty() || !holds_run(lines_of(read_file(file)), block.lines))
        fault(block, "does not stand in " + block.claim.substr(5));
    } else if (block.claim == "output of demo") {
      const fs::path file = page.parent_path() / "demo.txt";
      if (!fs::exists(file) || !holds_run(lines_of(read_file(file)), block.lines))
        fault(block, "does not stand in demo.txt");
    } else if (block.claim.starts_with("output of ./seekling")) {
      const std::string said = run(block.claim.substr(10));
      if (!looks_like(block.lines, lines_of(said)))
        fault(block, "is not what " + block.claim.substr(10) + " prints:\n" + said);
    } else if (!block.claim.empty() && !block.claim.starts_with("by hand: ")) {
      fault(block, "has a comment that says nothing: " + block.claim);
    }
  }
  return faults;
}

}  // namespace seekling
