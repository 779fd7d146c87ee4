// src/README.md, the contents page of src/: a table with a row for each directory, in the order of
// src/CMakeLists.txt, with the chapters of the course that read it.
//
//   | directory | what it holds | chapters |
//   | --- | --- | --- |
//   | [core](core) | numbers, errors, loops in parallel | – |
//   | [tensor](tensor) | tensors and the tape | 1, 14 |
#include <gtest/gtest.h>

#include <regex>

#include "structure/tree.h"

namespace seekling {

namespace {

const std::string kHead = "| directory | what it holds | chapters |";

struct Row {
  std::string first, directory, link, holds;  // the first cell: [directory](link)
  Words chapters;
};

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Words cells_of(const std::string& line) {  // "| a | b | c |", three at least
  Words cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
  cells.resize(std::max<std::size_t>(cells.size(), 3));
  return cells;
}

Row row_of(const std::string& line) {
  static const std::regex link(R"(\[([^\]]*)\]\(([^)]*)\))");
  const Words cells = cells_of(line);
  Row row{cells[0], "", "", cells[1], {}};
  if (std::smatch match; std::regex_match(cells[0], match, link)) {
    row.directory = match[1];
    row.link = match[2];
  }
  std::string chapters = std::regex_replace(cells[2], link, "$1");
  std::replace(chapters.begin(), chapters.end(), ',', ' ');
  row.chapters = words_of(chapters);
  return row;
}

std::vector<Row> rows_of(const std::string& page) {
  std::vector<Row> rows;
  const Words lines = lines_of(page);
  auto line = std::find(lines.begin(), lines.end(), kHead);
  if (line != lines.end()) ++line;  // | --- | --- | --- |
  while (line != lines.end() && ++line != lines.end() && line->starts_with('|'))
    rows.push_back(row_of(*line));
  return rows;
}

// The chapters of chapters/README.md, and the directories of src/ whose files each of them reads.
std::map<std::string, std::set<std::string>> chapters_of(const Tree& tree) {
  static const std::regex number("[0-9]+"), file(R"(\]\(\.\./src/(\w+))");
  std::map<std::string, std::set<std::string>> chapters;
  for (const std::string& line : lines_of(text_of(tree, "chapters/README.md"))) {
    if (!line.starts_with('|') || !std::regex_match(cells_of(line)[0], number)) continue;
    std::set<std::string>& directories = chapters[cells_of(line)[0]];
    for (std::sregex_iterator at(line.begin(), line.end(), file), end; at != end; ++at)
      directories.insert((*at)[1]);
  }
  return chapters;
}

Faults faults_of_row(const Tree& tree, const Row& row) {
  Faults faults;
  const std::string begin = "src/README.md: the row of " + row.directory + " ";
  if (row.link != row.directory)
    faults.push_back(text(begin, "links to ", row.link, ", expected [", row.directory, "](",
                          row.directory, ")"));
  if (row.holds.empty()) faults.push_back(begin + "does not say what the directory holds");
  if (row.chapters.empty())
    faults.push_back(begin + "has no chapters: write their numbers, or – if there is none");
  const auto chapters = chapters_of(tree);
  for (const std::string& chapter : row.chapters)
    if (!chapters.contains(chapter) && row.chapters != Words{"–"})
      faults.push_back(
          text(begin, "names chapter ", chapter, ", which is not in chapters/README.md"));
  for (const auto& [chapter, directories] : chapters)
    if (directories.contains(row.directory) && !contains(row.chapters, chapter))
      faults.push_back(text(begin, "lacks chapter ", chapter, ", which reads a file of it"));
  return faults;
}

// Every directory has one row, and the rows are in the order of src/CMakeLists.txt.
Faults faults_of_order(const Words& directories, const Words& rows) {
  Faults faults;
  for (const std::string& directory : directories)
    if (const auto count = std::count(rows.begin(), rows.end(), directory); count != 1)
      faults.push_back(
          text("src/README.md has ", count, " rows for ", directory, ", expected one"));
  Words known;
  for (const std::string& row : rows) {
    if (!contains(directories, row))
      faults.push_back(text("src/README.md has a row for ", row,
                            ", which src/CMakeLists.txt does not add: remove the row"));
    else known.push_back(row);
  }
  const auto place = [&](const std::string& row) {
    return std::find(directories.begin(), directories.end(), row);
  };
  for (std::size_t i = 1; i < known.size(); ++i)
    if (place(known[i]) < place(known[i - 1]))
      faults.push_back(text("src/README.md has ", known[i], " after ", known[i - 1],
                            ", but src/CMakeLists.txt adds it before: use the order there"));
  return faults;
}

Faults faults_of_contents(const Tree& tree) {
  const std::vector<Row> rows = rows_of(text_of(tree, "src/README.md"));
  if (rows.empty())
    return {text("src/README.md has no table \"", kHead,
                 "\": write one, with a row for each "
                 "directory that src/CMakeLists.txt adds")};
  Faults faults;
  Words found;
  for (const Row& row : rows) {
    if (row.directory.empty()) {
      faults.push_back(text("src/README.md has a row that begins \"", row.first,
                            "\", expected a link like [core](core)"));
      continue;
    }
    found.push_back(row.directory);
    append(faults, faults_of_row(tree, row));
  }
  append(faults, faults_of_order(directories_of(tree, "src"), found));
  return faults;
}

const Tree kSoundContents{
    {"src/CMakeLists.txt",
     "add_subdirectory(core)\nadd_subdirectory(tensor)\nadd_subdirectory(ops)\n"},
    {"chapters/README.md",
     "| | chapter | the files of `src/` |\n| --- | --- | --- |\n| 0 | a tour | |\n"
     "| 1 | tensors | [tensor](../src/tensor), [ops/linear.cpp](../src/ops/linear.cpp) |\n"
     "| 14 | CUDA | [ops/linear.cu](../src/ops/linear.cu) |\n"}};

const std::string kCoreRow = "| [core](core) | numbers | – |\n",
                  kTensorRow = "| [tensor](tensor) | tensors | [1](../chapters/01), 14 |\n",
                  kOpsRow = "| [ops](ops) | functions | 1 14 |\n";

// The faults of the sound tree with a page of these rows.
Faults faults_of_rows(const std::string& rows) {
  return faults_of_contents(
      with(kSoundContents, "src/README.md",
           "# Contents\n\n" + kHead + "\n| --- | --- | --- |\n" + rows + "\nText | and | more.\n"));
}

}  // namespace

TEST(Contents, OfSrcAreItsDirectoriesInTheirOrder) {
  EXPECT_EQ(faults_of_contents(repository()), Faults{});
}

TEST(ContentsFaults, ASoundPageHasNone) {
  EXPECT_EQ(faults_of_rows(kCoreRow + kTensorRow + kOpsRow), Faults{});
}

TEST(ContentsFaults, AMissingTableIsFound) {
  const Faults expected{
      "src/README.md has no table \"| directory | what it holds | chapters |\": write one, with a "
      "row for each directory that src/CMakeLists.txt adds"};
  EXPECT_EQ(faults_of_contents(kSoundContents), expected);
  EXPECT_EQ(faults_of_contents(with(kSoundContents, "src/README.md", kHead)), expected);
}

TEST(ContentsFaults, ADirectoryWithoutOneRowIsFound) {
  EXPECT_EQ(faults_of_rows(kCoreRow + kOpsRow),
            Faults{"src/README.md has 0 rows for tensor, expected one"});
  EXPECT_EQ(faults_of_rows(kCoreRow + kTensorRow + kTensorRow + kOpsRow),
            Faults{"src/README.md has 2 rows for tensor, expected one"});
}

TEST(ContentsFaults, ARowWithoutADirectoryIsFound) {
  EXPECT_EQ(faults_of_rows(kCoreRow + "| [attic](attic) | old | – |\n" + kTensorRow + kOpsRow),
            Faults{"src/README.md has a row for attic, which src/CMakeLists.txt does not add: "
                   "remove the row"});
}

TEST(ContentsFaults, RowsInAnotherOrderAreFound) {
  EXPECT_EQ(faults_of_rows(kTensorRow + kCoreRow + kOpsRow),
            Faults{"src/README.md has core after tensor, but src/CMakeLists.txt adds it before: "
                   "use the order there"});
}

TEST(ContentsFaults, AWrongLinkIsFound) {
  EXPECT_EQ(faults_of_rows("| [core](ops) | numbers | – |\n" + kTensorRow + kOpsRow),
            Faults{"src/README.md: the row of core links to ops, expected [core](core)"});
  EXPECT_EQ(faults_of_rows(kCoreRow + kTensorRow + "| inner | x | – |\n" + kOpsRow),
            Faults{"src/README.md has a row that begins \"inner\", expected a link like "
                   "[core](core)"});
}

TEST(ContentsFaults, AnEmptyCellIsFound) {
  EXPECT_EQ(faults_of_rows("| [core](core) | | – |\n" + kTensorRow + kOpsRow),
            Faults{"src/README.md: the row of core does not say what the directory holds"});
  EXPECT_EQ(faults_of_rows("| [core](core) | numbers | |\n" + kTensorRow + kOpsRow),
            Faults{"src/README.md: the row of core has no chapters: write their numbers, or – if "
                   "there is none"});
}

TEST(ContentsFaults, AWrongChapterIsFound) {
  EXPECT_EQ(faults_of_rows("| [core](core) | numbers | 2 |\n" + kTensorRow + kOpsRow),
            Faults{"src/README.md: the row of core names chapter 2, which is not in "
                   "chapters/README.md"});
  EXPECT_EQ(faults_of_rows(kCoreRow + kTensorRow + "| [ops](ops) | functions | 1 |\n"),
            Faults{"src/README.md: the row of ops lacks chapter 14, which reads a file of it"});
}

}  // namespace seekling
