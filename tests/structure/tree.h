// The repository as a table of its files, and readers of its C++ and CMake files, for tests of its
// structure. A rule is a function from a Tree to its faults, one sentence each. A test applies the
// rule to the repository, which must have no fault, and to small trees in which a fault is planted.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;
using Faults = std::vector<std::string>;
using Tree = std::map<std::string, std::string>;  // the path from the root -> the text of the file

// The files below src/, tests/ and chapters/, and the names of all other entries of the root. Only
// C++, CMake and Markdown files get their text.
inline Tree read_tree(const fs::path& root) {
  static const std::set<std::string> kRead{".h", ".cpp", ".cu", ".txt", ".md"};
  Tree tree;
  for (const auto& entry : fs::directory_iterator(root)) tree[entry.path().filename().string()];
  for (const char* part : {"src", "tests", "chapters"}) {
    for (fs::recursive_directory_iterator at(root / part), end; at != end; ++at) {
      const std::string name = at->path().filename().string();
      if (name.starts_with('.') || name == "__pycache__") at.disable_recursion_pending();
      else if (at->is_regular_file()) {
        std::string& text = tree[at->path().lexically_relative(root).generic_string()];
        if (!kRead.contains(at->path().extension().string())) continue;
        std::ifstream in(at->path(), std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(in), {});
      }
    }
  }
  return tree;
}

inline const Tree& repository() {
  static const Tree tree = read_tree(SEEKLING_ROOT);
  return tree;
}

inline void append(Faults& faults, const Faults& more) {
  faults.insert(faults.end(), more.begin(), more.end());
}

inline Tree with(Tree tree, const std::string& path, const std::string& text) {
  tree[path] = text;
  return tree;
}

inline std::string text_of(const Tree& tree, const std::string& path) {
  const auto found = tree.find(path);
  return found == tree.end() ? "" : found->second;
}

// The files of `directory` and of the directories in it whose names end in one of `endings`.
inline Words files_below(const Tree& tree, const std::string& directory, const Words& endings) {
  Words files;
  const std::string begin = directory + "/";
  for (auto at = tree.lower_bound(begin); at != tree.end() && at->first.starts_with(begin); ++at)
    for (const std::string& ending : endings)
      if (at->first.ends_with(ending)) files.push_back(at->first);
  return files;
}

inline bool contains(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

inline Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline Words words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

// `text` without everything from `mark` to the end of the line: "//" in C++, "#" in CMake.
inline std::string without_comments(const std::string& text, std::string_view mark) {
  std::string rest;
  for (const std::string& line : lines_of(text)) rest += line.substr(0, line.find(mark)) + "\n";
  return rest;
}

inline bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Is `name` in `code`, not as a part of a longer word? "record(" is a call of record.
inline bool names(const std::string& code, const std::string& name) {
  for (std::size_t at = code.find(name); at != code.npos; at = code.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !is_word(code[at - 1]);
    if (begins && (!is_word(name.back()) || end == code.size() || !is_word(code[end]))) return true;
  }
  return false;
}

// What a C++ file includes between quotation marks: "core/real.h".
inline Words includes_of(const std::string& text) {
  Words includes;
  for (const std::string& line : lines_of(text)) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == line.npos || line[hash] != '#') continue;
    const std::size_t word = line.find_first_not_of(" \t", hash + 1), quote = line.find('"', hash);
    if (word == line.npos || line.compare(word, 7, "include") != 0 || quote == line.npos) continue;
    includes.push_back(line.substr(quote + 1, line.find('"', quote + 1) - quote - 1));
  }
  return includes;
}

// "core" of "core/real.h"; nothing of a path without a directory.
inline std::string first_directory(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

// The arguments of every call of `command` in a CMake file, one call after the other. A call that
// has SOURCES counts from there: seekling_tests(core USES core SOURCES a_test.cpp).
inline Words arguments_of(const std::string& cmake, const std::string& command) {
  const std::string text = without_comments(cmake, "#");
  Words all;
  for (std::size_t at = text.find(command); at != text.npos; at = text.find(command, at + 1)) {
    const std::size_t open = text.find_first_not_of(' ', at + command.size());
    if ((at > 0 && is_word(text[at - 1])) || open == text.npos || text[open] != '(') continue;
    const Words words = words_of(text.substr(open + 1, text.find(')', open) - open - 1));
    const auto sources = std::find(words.begin(), words.end(), "SOURCES");
    all.insert(all.end(), sources == words.end() ? words.begin() : sources + 1, words.end());
  }
  return all;
}

// The directories that src/CMakeLists.txt or tests/CMakeLists.txt adds, in its order.
inline Words directories_of(const Tree& tree, const std::string& part) {
  const Words directories =
      arguments_of(text_of(tree, part + "/CMakeLists.txt"), "add_subdirectory");
  check(!directories.empty(), part, "/CMakeLists.txt adds no directories");
  return directories;
}

// The files that are compiled by src/DIRECTORY/CMakeLists.txt, as paths from there.
inline Words compiled_files(const Tree& tree, const std::string& directory) {
  Words files;
  for (const char* command : {"seekling_directory", "add_executable"})
    for (const std::string& file :
         arguments_of(text_of(tree, "src/" + directory + "/CMakeLists.txt"), command))
      files.push_back(file);
  return files;
}

}  // namespace seekling
