#include "cli/course_book.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

#include "core/check.h"
#include "interop/file.h"

namespace seekling {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

namespace {

std::string joined(Lines::const_iterator begin, Lines::const_iterator end) {
  std::string text;
  for (auto line = begin; line != end; ++line) text += *line + "\n";
  return text;
}

// A starter is lines that src/ has too, and between them the places of the bodies.
struct Parts {
  std::vector<Lines> kept{1};  // one more than places
  std::vector<std::string> places;
};

Parts parts_of(const std::string& starter, const std::string& path) {
  static const std::regex begin(R"(\s*// Exercise (\d+\.\d+[a-z]?)\..*)"),
      end(R"(\s*// End of exercise (\d+\.\d+[a-z]?)\.)");
  Parts parts;
  std::string open;  // the exercise whose body is taken out; empty: none
  for (const std::string& line : lines_of(starter)) {
    std::smatch match;
    if (std::regex_match(line, match, begin)) {
      check(open.empty(), path, ": exercise ", match[1].str(), " begins before ", open, " has ended");
      parts.places.push_back(open = match[1]);
    } else if (std::regex_match(line, match, end)) {
      check(match[1] == open, path, ": exercise ", match[1].str(), " ends, but did not begin");
      parts.kept.emplace_back();
      open.clear();
    } else if (open.empty()) {
      parts.kept.back().push_back(line);
    }
  }
  check(open.empty(), path, ": exercise ", open, " has no line \"// End of exercise\"");
  check(!parts.places.empty(), path, ": has no line \"// Exercise N.K.\", so nothing is taken out of it");
  return parts;
}

// The sections of a Markdown file that begin with "## N.K rest" or "### N.Ka rest": number, rest, the lines below.
struct Section {
  std::string number, rest;
  Lines lines;
};

std::vector<Section> sections_of(const fs::path& path) {
  static const std::regex heading(R"(##+ (\d+\.\d+[a-z]?)\s*(.*))");
  std::vector<Section> sections;
  for (const std::string& line : lines_of(read_file(path))) {
    std::smatch match;
    if (std::regex_match(line, match, heading)) {
      sections.push_back({match[1], match[2], {}});
    } else if (line.starts_with("##")) {
      throw Error(text(path.string(), ": found \"", line, "\", expected a heading like \"## 5.1 Title\""));
    } else if (!sections.empty()) {
      sections.back().lines.push_back(line);
    }
  }
  return sections;
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

std::vector<Exercise> read_exercises(const fs::path& folder) {
  static const std::regex title(R"((.*) \((\d+) points?\))"), on_paper(R"((.*) \(on paper\))");
  std::vector<Exercise> exercises;
  const std::vector<Section> sections = sections_of(folder / "exercises.md");
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Section& section = sections[i];
    if (i + 1 < sections.size() && sections[i + 1].number == section.number + "a")
      continue;  // the parts have the points
    std::smatch match;
    Exercise exercise{section.number, "", 0, {}};
    if (std::regex_match(section.rest, match, title)) {
      exercise.points = std::stoll(match[2]);
    } else {
      check(std::regex_match(section.rest, match, on_paper), (folder / "exercises.md").string(), ": found \"",
            section.rest, "\", expected a title that ends with \"(2 points)\" or \"(on paper)\"");
    }
    exercise.title = match[1];
    exercises.push_back(exercise);
  }
  if (!fs::exists(folder / "hints.md")) return exercises;  // all on paper
  for (const Section& section : sections_of(folder / "hints.md"))
    for (Exercise& exercise : exercises)
      if (exercise.number == section.number) exercise.hints = numbered_list(section.lines);
  return exercises;
}

// Mistakes: a link to what to reread, and two blocks of code.
std::vector<Mistake> read_mistakes(const fs::path& path, const fs::path& chapter) {
  static const std::regex link(R"(\[[^\]]*\]\(([^)#]*)(#[^)]*)\))");
  std::vector<Mistake> mistakes;
  for (const Section& section : sections_of(path)) {
    Mistake mistake{section.number, section.rest, "", "", ""};
    std::vector<std::string> blocks;
    bool inside = false;
    for (const std::string& line : section.lines) {
      std::smatch match;
      if (line.starts_with("```")) {
        inside = !inside;
        if (inside) blocks.emplace_back();
      } else if (inside) {
        blocks.back() += (blocks.back().empty() ? "" : "\n") + line;
      } else if (std::regex_search(line, match, link)) {
        mistake.reread = (chapter / fs::path(match[1].str()).filename()).string() + match[2].str();
      }
    }
    check(blocks.size() == 2 && !mistake.reread.empty(), path.string(), ": \"", section.rest, "\" has ", blocks.size(),
          " blocks of code, expected two, and a link to what to reread");
    mistake.find = blocks[0];
    mistake.replace = blocks[1];
    mistakes.push_back(mistake);
  }
  return mistakes;
}

std::vector<ExerciseFile> read_files(const fs::path& root, const Chapter& chapter) {
  std::vector<ExerciseFile> files;
  const fs::path folder = root / chapter.folder / "exercises";
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none)) {
    const std::string stem = entry.path().stem().string();
    const bool source = entry.path().extension() == ".cpp" || entry.path().extension() == ".cu";
    if (!source || stem.ends_with("_probe")) continue;
    ExerciseFile file;
    file.source = entry.path().lexically_relative(folder);
    file.target = "course_" + chapter.digits() + "_" + file.source.parent_path().string() + "_" + stem;
    file.starter = read_file(entry.path());
    file.reference = read_file(root / "src" / file.source);
    file.exercises = parts_of(file.starter, entry.path().string()).places;
    fs::path mistakes = entry.path();
    file.mistakes = read_mistakes(mistakes.replace_extension(".mistakes.md"), chapter.folder);
    files.push_back(file);
  }
  std::sort(files.begin(), files.end(), [](const ExerciseFile& a, const ExerciseFile& b) {
    return std::make_pair(a.exercises, a.source) < std::make_pair(b.exercises, b.source);
  });
  return files;
}

std::string title_of(const fs::path& folder) {
  static const std::regex heading(R"(# Chapter \d+\. (.*))");
  std::smatch match;
  const Lines lines = lines_of(read_file(folder / "README.md"));
  check(!lines.empty() && std::regex_match(lines[0], match, heading), (folder / "README.md").string(),
        ": its first line must read \"# Chapter N. Title\"");
  return match[1];
}

}  // namespace

std::string Chapter::digits() const { return (number < 10 ? "0" : "") + std::to_string(number); }

const Exercise& Chapter::exercise(const std::string& wanted) const {
  for (const Exercise& e : exercises)
    if (e.number == wanted) return e;
  std::string there;
  for (const Exercise& e : exercises) there += (there.empty() ? "" : ", ") + e.number;
  throw Error(text("chapter ", number, " has no exercise ", wanted, "; it has ", there.empty() ? "none" : there));
}

std::vector<std::string> Chapter::parts(const std::string& wanted) const {
  std::vector<std::string> numbers;
  for (const Exercise& e : exercises)
    if (e.number.starts_with(wanted) && e.number.size() == wanted.size() + 1 && std::isalpha(e.number.back()))
      numbers.push_back(e.number);
  return numbers.empty() ? std::vector<std::string>{exercise(wanted).number} : numbers;
}

const ExerciseFile* Chapter::file_of(const std::string& wanted) const {
  for (const ExerciseFile& file : files)
    if (std::find(file.exercises.begin(), file.exercises.end(), wanted) != file.exercises.end()) return &file;
  return nullptr;
}

std::vector<Chapter> read_chapters(const fs::path& root) {
  static const std::regex name(R"((\d\d)-.*)");
  std::vector<Chapter> chapters;
  for (const auto& entry : fs::directory_iterator(root / "chapters")) {
    std::smatch match;
    const std::string folder = entry.path().filename().string();
    if (!fs::exists(entry.path() / "README.md") || !std::regex_match(folder, match, name)) continue;
    Chapter chapter;
    chapter.number = std::stoll(match[1]);
    chapter.folder = fs::path("chapters") / folder;
    chapter.title = title_of(entry.path());
    if (fs::exists(entry.path() / "exercises.md")) chapter.exercises = read_exercises(entry.path());
    chapter.files = read_files(root, chapter);
    chapters.push_back(chapter);
  }
  std::sort(chapters.begin(), chapters.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return chapters;
}

Chapter read_chapter(const fs::path& root, Index number) {
  std::string there;
  for (const Chapter& chapter : read_chapters(root)) {
    if (chapter.number == number) return chapter;
    there += (there.empty() ? "" : ", ") + std::to_string(chapter.number);
  }
  throw Error(text("chapter ", number, " is not written; those that are: ", there));
}

std::string solution(const ExerciseFile& file, const std::string& exercise) {
  const std::string path = file.source.string();
  const Parts parts = parts_of(file.starter, "the starter of " + path);
  const Lines lines = lines_of(file.reference);
  std::string found;
  auto from = lines.begin();
  for (std::size_t i = 0; i < parts.kept.size(); ++i) {
    const Lines& kept = parts.kept[i];
    const bool last = i + 1 == parts.kept.size();
    const auto room = std::size_t(lines.end() - from);
    auto at = i == 0                        ? from
              : last && kept.size() <= room ? lines.end() - std::ptrdiff_t(kept.size())
                                            : std::search(from, lines.end(), kept.begin(), kept.end());
    const bool equal = std::size_t(lines.end() - at) >= kept.size() && std::equal(kept.begin(), kept.end(), at) &&
                       (i == 0 || !kept.empty());
    if (!equal) {
      const auto differs = std::find_if(kept.begin(), kept.end(), [&](const std::string& line) {
        return std::find(lines.begin(), lines.end(), line) == lines.end();
      });
      throw Error(
          text("the starter of ", path, " is not src/", path, " with bodies taken out: ",
               differs == kept.end() ? "its lines stand in another order" : "src/ has no line \"" + *differs + "\""));
    }
    if (i > 0 && parts.places[i - 1] == exercise) found = joined(from, at);
    from = at + std::ptrdiff_t(kept.size());
  }
  check(from == lines.end(), "the starter of ", path, " is not src/", path, " with bodies taken out: it ends early");
  return found;
}

std::string with_mistake(const ExerciseFile& file, const Mistake& mistake) {
  const std::size_t at = file.reference.find(mistake.find);
  const bool once = at != std::string::npos && file.reference.find(mistake.find, at + 1) == std::string::npos;
  check(once, "src/", file.source.string(), ": the code that the mistake \"", mistake.name, "\" replaces is there ",
        at == std::string::npos ? "nowhere" : "more than once", ", expected once");
  std::string wrong = file.reference;
  return wrong.replace(at, mistake.find.size(), mistake.replace);
}

bool attempted(const std::string& text, const std::string& exercise) {
  return text.find("exercise " + exercise + " is not yet attempted") == std::string::npos;
}

}  // namespace seekling
