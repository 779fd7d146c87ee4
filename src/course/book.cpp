#include "course/book.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// A section whose exercises are the sections after it: "## 10.1 The router", "### 10.1a The gates".
bool has_parts(const std::vector<Section>& sections, std::size_t i) {
  return i + 1 < sections.size() && sections[i + 1].number == sections[i].number + "a";
}

Exercise exercise_of(const Section& section, const fs::path& page) {
  static const std::regex title(R"((.*) \((\d+) points?\))"), on_paper(R"((.*) \(on paper\))");
  std::smatch match;
  Exercise exercise{section.number, "", 0, {}};
  if (std::regex_match(section.rest, match, title)) {
    exercise.points = std::stoll(match[2]);
  } else {
    check(std::regex_match(section.rest, match, on_paper), page.string(), ": found \"",
          section.rest, "\", expected a title that ends with \"(2 points)\" or \"(on paper)\"");
  }
  exercise.title = match[1];
  return exercise;
}

void read_hints(const fs::path& page, std::vector<Exercise>& exercises) {
  if (!fs::exists(page)) return;  // all exercises are on paper
  for (const Section& section : sections_of(page))
    for (Exercise& exercise : exercises)
      if (exercise.number == section.number) exercise.hints = numbered_list(section.lines);
}

// Fills in the exercises, and returns the tasks of those that are programmed.
std::vector<Task> read_exercises(const fs::path& folder, Chapter& chapter) {
  const fs::path page = folder / "exercises.md";
  if (!fs::exists(page)) return {};
  std::vector<Task> tasks;
  const std::vector<Section> sections = sections_of(page);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::vector<Task> found = tasks_of(sections[i], page);
    std::string kind = "is in parts; expected no";
    bool programmed = false;
    if (!has_parts(sections, i)) {
      chapter.exercises.push_back(exercise_of(sections[i], page));
      programmed = chapter.exercises.back().points > 0;
      kind = programmed ? "has points; expected one" : "is on paper; expected no";
    }
    check(found.size() == std::size_t(programmed), page.string(), ": exercise ", sections[i].number,
          " ", kind, " block of code that begins with \"// src/directory/file.cpp\", found ",
          found.size());
    tasks.insert(tasks.end(), found.begin(), found.end());
  }
  read_hints(folder / "hints.md", chapter.exercises);
  return tasks;
}

// Mistakes: a link to the section to reread, and two blocks of code.
std::vector<Mistake> read_mistakes(const fs::path& page, const fs::path& chapter) {
  static const std::regex link(R"(\[[^\]]*\]\(([^)#]*)(#[^)]*)\))");
  const auto code = [](const CodeBlock& block) {  // without the last line's newline
    const std::string all = text_of(block.lines.begin(), block.lines.end());
    return all.substr(0, all.size() - !all.empty());
  };
  std::vector<Mistake> mistakes;
  for (const Section& section : sections_of(page)) {
    Mistake mistake{section.number, section.rest, "", "", ""};
    for (const std::string& line : prose_of(section.lines))
      if (std::smatch match; std::regex_search(line, match, link))
        mistake.reread = (chapter / fs::path(match[1].str()).filename()).string() + match[2].str();
    const std::vector<CodeBlock> blocks = blocks_of(section.lines);
    check(blocks.size() == 2 && !mistake.reread.empty(), page.string(), ": \"", section.rest,
          "\" has ", blocks.size(), " blocks of code, expected two, and a link to what to reread");
    mistake.find = code(blocks[0]);
    mistake.replace = code(blocks[1]);
    mistakes.push_back(mistake);
  }
  return mistakes;
}

ExerciseFile read_file_of(const std::vector<Task>& tasks, const fs::path& root,
                          const Chapter& chapter) {
  const fs::path source = tasks[0].source, page = root / chapter.folder / "exercises.md";
  check(fs::is_regular_file(root / "src" / source), page.string(), ": exercise ", tasks[0].exercise,
        " is in src/", source.string(), ", which does not exist");
  ExerciseFile file;
  file.source = source;
  file.target = "course_" + chapter.digits() + "_" + source.stem().string();
  const Lines lines = lines_of(read_file(root / "src" / source));
  file.reference = text_of(lines.begin(), lines.end());
  file.bodies = bodies_of(tasks, lines, page);
  file.starter = starter_of(lines, file.bodies);
  file.mistakes =
      read_mistakes(root / chapter.folder / "exercises" / (source.stem().string() + ".mistakes.md"),
                    chapter.folder);
  return file;
}

// In the order of their first exercises. Probes, mistakes and programs have the names of the files.
std::vector<ExerciseFile> read_files(const fs::path& root, const Chapter& chapter,
                                     const std::vector<Task>& tasks) {
  std::vector<std::vector<Task>> groups;
  for (const Task& task : tasks) {
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&](const std::vector<Task>& others) {
          return others[0].source.stem() == task.source.stem();
        });
    if (group == groups.end()) {
      groups.push_back({task});
      continue;
    }
    const fs::path& other = group->front().source;
    check(other == task.source, (root / chapter.folder / "exercises.md").string(), ": found src/",
          other.string(), " and src/", task.source.string(), ", expected files of different names");
    group->push_back(task);
  }
  std::vector<ExerciseFile> files;
  for (const std::vector<Task>& group : groups) files.push_back(read_file_of(group, root, chapter));
  return files;
}

std::string title_of(const fs::path& folder) {
  static const std::regex heading(R"(# Chapter \d+\. (.*))");
  std::smatch match;
  const Lines lines = lines_of(read_file(folder / "README.md"));
  check(!lines.empty() && std::regex_match(lines[0], match, heading),
        (folder / "README.md").string(), ": its first line must read \"# Chapter N. Title\"");
  return match[1];
}

}  // namespace

std::string Chapter::digits() const { return (number < 10 ? "0" : "") + std::to_string(number); }

const Exercise& Chapter::exercise(const std::string& wanted) const {
  for (const Exercise& e : exercises)
    if (e.number == wanted) return e;
  std::string there;
  for (const Exercise& e : exercises) there += (there.empty() ? "" : ", ") + e.number;
  throw Error(text("chapter ", number, " has no exercise ", wanted, "; it has ",
                   there.empty() ? "none" : there));
}

std::vector<std::string> Chapter::parts(const std::string& wanted) const {
  std::vector<std::string> numbers;
  for (const Exercise& e : exercises)
    if (e.number.starts_with(wanted) && e.number.size() == wanted.size() + 1 &&
        std::isalpha(e.number.back()))
      numbers.push_back(e.number);
  return numbers.empty() ? std::vector<std::string>{exercise(wanted).number} : numbers;
}

const ExerciseFile* Chapter::file_of(const std::string& wanted) const {
  for (const ExerciseFile& file : files)
    for (const Body& body : file.bodies)
      if (body.exercise == wanted) return &file;
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
    const std::vector<Task> tasks = read_exercises(entry.path(), chapter);
    chapter.files = read_files(root, chapter, tasks);
    chapters.push_back(chapter);
  }
  std::sort(chapters.begin(), chapters.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return chapters;
}

Chapter read_chapter(const fs::path& root, Index number) {
  std::string there;
  for (const Chapter& chapter : read_chapters(root)) {
    if (chapter.number == number) return chapter;
    there += (there.empty() ? "" : ", ") + std::to_string(chapter.number);
  }
  throw Error(text("chapter ", number, " is not written yet; the chapters are: ", there));
}

std::string solution(const ExerciseFile& file, const std::string& exercise) {
  const Lines lines = lines_of(file.reference);
  for (const Body& body : file.bodies)
    if (body.exercise == exercise)
      return text_of(lines.begin() + std::ptrdiff_t(body.begin),
                     lines.begin() + std::ptrdiff_t(body.end));
  throw Error(text("src/", file.source.string(), ": has no body of exercise ", exercise));
}

std::string with_mistake(const ExerciseFile& file, const Mistake& mistake) {
  const std::size_t at = file.reference.find(mistake.find);
  const bool once =
      at != std::string::npos && file.reference.find(mistake.find, at + 1) == std::string::npos;
  check(once, "src/", file.source.string(), ": the code that the mistake \"", mistake.name,
        "\" replaces is there ", at == std::string::npos ? "nowhere" : "more than once",
        ", expected once");
  std::string wrong = file.reference;
  return wrong.replace(at, mistake.find.size(), mistake.replace);
}

bool attempted(const std::string& text, const std::string& exercise) {
  const std::string untouched = "exercise " + exercise + " is not yet attempted";
  for (const std::string& line : lines_of(text)) {
    const std::size_t at = line.find(untouched), comment = line.find("//");
    if (at < comment && at != line.npos) return false;  // a comment may keep it
  }
  return true;
}

}  // namespace seekling
