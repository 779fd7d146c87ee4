// The programs of an exercise, as chapters/CMakeLists.txt has them in the build folder. A source is
// put into its slot, and the program is made by the build folder's own tool, so only what has
// changed is compiled.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "course/book.h"
#include "system/child_process.h"

namespace seekling {

// While it lives, only its holder puts sources into slots and makes programs.
class BuildLock {
 public:
  explicit BuildLock(const std::filesystem::path& build);
  ~BuildLock();
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

 private:
  int folder_;
};

class Workshop {
 public:
  explicit Workshop(std::filesystem::path build) : build_(std::move(build)) {}

  BuildLock lock() const { return BuildLock(build_); }

  // `of` is the slot: "reader", or "mistake_3". `path` is where the reader has the file,
  // for the compiler's words.
  void put(const ExerciseFile& file, const std::string& of, const std::string& contents,
           const std::filesystem::path& path = {}) const;
  bool has(const ExerciseFile& file, const std::string& of) const;
  std::filesystem::path program(const std::string& target) const {
    return build_ / "chapters/programs" / target;
  }
  Ended make(const std::vector<std::string>& targets, const Limits& limits) const;
  // The same with a stranger's source: the compiler reads the project's files and its own, and no
  // others, where the kernel can see to it.
  Ended make_strangers(const std::string& target, const Limits& limits) const;

  // The declaration of a function that the library's file has and the reader's lacks; "" if there
  // is none. The linker would take a missing function from the library, so an empty file would
  // pass.
  std::string lacking(const ExerciseFile& file) const;

  std::filesystem::path make_demo(const Chapter& chapter) const;  // gives its path

  // The whole program with every file of `paths` (by its place in src/) instead
  // of the library's; gives its path.
  std::filesystem::path make_mine(const std::map<std::string, std::filesystem::path>& paths) const;

 private:
  Ended make(const std::vector<std::string>& targets, const Limits& limits,
             const Confined* confined) const;
  std::filesystem::path slot(const ExerciseFile& file, const std::string& of) const;

  std::filesystem::path build_;
};

// Limits for make: for our code, at first whole directories; for the student's one file, which may
// keep the compiler busy for ever.
inline constexpr Limits kOurs{
    .seconds = 1800, .memory_mib = 16384, .file_mib = 4096, .output_bytes = 1 << 20};
inline constexpr Limits kTheReaders{
    .seconds = 300, .memory_mib = 4096, .file_mib = 4096, .output_bytes = 1 << 20};

std::string first_complaint(const std::string& output);  // the compiler's, with all its lines

}  // namespace seekling
