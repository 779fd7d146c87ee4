#include "course/build.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>

#include "core/check.h"
#include "core/parallel.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// An equal file keeps its time, and is not compiled.
void write_if_new(const fs::path& path, const std::string& contents) {
  if (fs::exists(path) && read_file(path) == contents) return;
  fs::create_directories(path.parent_path());
  write_file(path, contents);
}

// The compiler speaks of the reader's file, not of the copy that it compiles. A byte order mark,
// which some editors write, would no longer be at the beginning.
std::string named(const fs::path& path, const std::string& contents) {
  std::string name;  // as a string of C++
  for (const char c : path.string()) {
    char octal[5];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned char>(c));
    const bool plain = c != '"' && c != '\\' && static_cast<unsigned char>(c) >= ' ';
    name += plain ? std::string(1, c) : octal;
  }
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const std::size_t begin = contents.starts_with(kMark) ? kMark.size() : 0;
  return "#line 1 \"" + name + "\"\n" + contents.substr(begin);
}

// The functions that an object file has for others, by the linker's names.
std::set<std::string> functions_in(const fs::path& object) {
  const Ended listed = run_child({"nm", "-g", object.string()}, object.parent_path(), kOurs);
  check(listed.well(), "nm -g ", object.string(), ": ", how(listed, kOurs), ": ",
        first_complaint(listed.output));
  std::set<std::string> names;
  std::istringstream in(listed.output);
  for (std::string line; std::getline(in, line);)
    if (const std::size_t at = line.find(" T "); at != line.npos) names.insert(line.substr(at + 3));
  return names;
}

// Where a tool is installed, with its libraries: the folder above its own. Not all of a home
// folder.
fs::path installed_in(const fs::path& tool) {
  const char* home = std::getenv("HOME");
  const fs::path prefix = tool.parent_path().parent_path();
  const fs::path from_there = fs::path(home ? home : "/").lexically_relative(prefix);
  const bool holds_home = !from_there.empty() && *from_there.begin() != "..";
  return holds_home ? tool.parent_path() : prefix;
}

// What the compiler may read beside the system's folders and the build folder.
std::vector<fs::path> sources_and_tools(const fs::path& build) {
  std::vector<fs::path> paths;
  std::istringstream cache(read_file(build / "CMakeCache.txt"));
  for (std::string line; std::getline(cache, line);) {  // NAME:TYPE=value
    const std::string name = line.substr(0, line.find(':'));
    const fs::path value = line.substr(line.find('=') + 1);
    if (name == "CMAKE_HOME_DIRECTORY")
      for (const char* part : {"CMakeLists.txt", "chapters", "cmake", "src", "tests"})
        paths.push_back(value / part);
    if (name == "CMAKE_COMMAND" || name == "CMAKE_CXX_COMPILER" || name == "CMAKE_MAKE_PROGRAM")
      for (const fs::path& tool : {value, fs::weakly_canonical(value)})
        paths.push_back(installed_in(tool));
  }
  return paths;
}

}  // namespace

BuildLock::BuildLock(const fs::path& build)
    : folder_(::open(build.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  check(folder_ >= 0, build.string(), ": not found; build Seekling first (./seekling --help does)");
  while (::flock(folder_, LOCK_EX) != 0) continue;
}

BuildLock::~BuildLock() { ::close(folder_); }

fs::path Workshop::slot(const ExerciseFile& file, const std::string& of) const {
  const std::string digits = file.target.substr(7, 2);  // course_05_...
  for (const auto& entry : fs::directory_iterator(build_ / "chapters"))
    if (entry.path().filename().string().starts_with(digits + "-"))
      return entry.path() / "slots" / file.source.stem() / of / file.source.filename();
  throw Error(
      text(build_.string(), ": has no chapter ", digits, "; rebuild it (./seekling test does)"));
}

void Workshop::put(const ExerciseFile& file, const std::string& of, const std::string& contents,
                   const fs::path& path) const {
  write_if_new(slot(file, of), path.empty() ? contents : named(path, contents));
}

bool Workshop::has(const ExerciseFile& file, const std::string& of) const {
  return fs::exists(slot(file, of));
}

Ended Workshop::make(const std::vector<std::string>& targets, const Limits& limits) const {
  return make(targets, limits, nullptr);
}

Ended Workshop::make_strangers(const std::string& target, const Limits& limits) const {
  const Confined confined{sources_and_tools(build_), /*apart=*/false};
  return make({target}, limits, &confined);
}

Ended Workshop::make(const std::vector<std::string>& targets, const Limits& limits,
                     const Confined* confined) const {
  if (!fs::exists(program(targets[0])))
    std::cerr << "building " << targets[0] << (targets.size() > 1 ? " and others" : "")
              << " (the first time may take minutes)\n";
  std::vector<std::string> words{
      "cmake", "--build", build_.string(), "--parallel", std::to_string(threads()), "--target"};
  if (confined) {  // it writes to the build folder only
    const fs::path temporary = build_ / "chapters/temporary";
    fs::create_directories(temporary);
    words.insert(words.begin(), {"env", "CCACHE_DISABLE=1", "TMPDIR=" + temporary.string()});
  }
  words.insert(words.end(), targets.begin(), targets.end());
  return run_child(words, build_, limits, confined);
}

// The object of a file in the library of its directory: the one in double if there is one.
static fs::path our_object(const fs::path& libraries, const std::string& directory,
                           const std::string& object) {
  const fs::path numeric = libraries / ("seekling_" + directory + "_double.dir") / object;
  if (fs::exists(numeric)) return numeric;
  return libraries / ("seekling_" + directory + ".dir") / object;
}

std::string Workshop::lacking(const ExerciseFile& file) const {
  const std::string directory = file.source.parent_path().string(),
                    object = file.source.filename().string() + ".o";
  const fs::path ours = our_object(build_ / "src" / directory / "CMakeFiles", directory, object);
  const fs::path source = slot(file, "reader");
  const fs::path slots = source.parent_path().parent_path().parent_path(),
                 chapter = slots.parent_path();
  const fs::path readers = chapter / "CMakeFiles" / (file.target + ".dir") /
                           (source.lexically_relative(chapter).string() + ".o");
  const std::set<std::string> all = functions_in(ours), there = functions_in(readers);
  for (const std::string& name : all) {
    if (there.contains(name)) continue;
    int status = 0;
    char* const readable =
        abi::__cxa_demangle(name.c_str() + name.starts_with("__Z"), nullptr, nullptr, &status);
    const std::string words = status == 0 ? readable : name;
    std::free(readable);
    return words;
  }
  return "";
}

fs::path Workshop::make_demo(const Chapter& chapter) const {
  const BuildLock alone = lock();
  const std::string target = "demo_" + chapter.digits();
  const Ended made = make({target}, kOurs);
  const std::string complaint = first_complaint(made.output);
  check(made.well(), "the demo of chapter ", chapter.number,
        " does not build:", complaint.empty() ? " this build has no program " + target : complaint);
  return program(target);
}

fs::path Workshop::make_mine(const std::map<std::string, fs::path>& paths) const {
  const BuildLock alone = lock();
  const fs::path slots = build_ / "chapters/mine";
  for (const auto& entry : fs::recursive_directory_iterator(slots)) {
    if (!entry.is_regular_file()) continue;
    const auto mine = paths.find(entry.path().lexically_relative(slots).string());
    write_if_new(entry.path(), mine == paths.end() ? "// empty: the library's own file is used\n"
                                                   : named(mine->second, read_file(mine->second)));
  }
  const Ended made = make({"seekling_mine"}, kOurs);
  check(made.well(),
        "--mine: the program does not build with your files:", first_complaint(made.output));
  return program("seekling_mine");
}

// Lines with *** are make's own words.
std::string first_complaint(const std::string& output) {
  std::istringstream in(output);
  std::string complaint, others, line;
  int lines = 0;
  while (std::getline(in, line)) {
    if (line.find("***") == line.npos) others += "\n" + line;
    const bool starts = line.find("error:") != line.npos ||
                        line.find("undefined reference") != line.npos ||
                        line.find("multiple definition") != line.npos;
    if (lines == 0 && !starts) continue;
    if (lines > 0 && (starts || lines == 4 || line.find("***") != line.npos)) break;
    complaint += "\n" + line;
    ++lines;
  }
  return complaint.empty()
             ? others.substr(others.size() - std::min<std::size_t>(others.size(), 500))
             : complaint;
}

}  // namespace seekling
