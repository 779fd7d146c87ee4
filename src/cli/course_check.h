// Holds a reader's file against the library's. The reader's file is compiled and linked ahead of the library, so that it
// takes the place of ours; then program and reference write down what their probe sees on the same random inputs
// (chapters/probe.h), and where they differ the known mistakes are built too and looked for one with the same numbers.
// Where all is equal, the file's own tests run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/child_process.h"
#include "cli/course_book.h"

namespace seekling {

// What a probe saw of one exercise.
struct Sight {
  struct Number {
    std::string name;  // y[0,2]
    double value = 0, tolerance = 0;
  };
  std::string inputs;  // in words
  std::vector<Number> numbers;
  std::optional<std::string> threw;  // an error's text
  bool whole = false;                // the probe came to its end
};

using Sights = std::map<std::string, Sight>;  // by exercise
Sights parse_sights(const std::string& text);

// Where `found` first differs from `expected`, in words; nothing if nowhere.
std::optional<std::string> difference(const Sight& expected, const Sight& found);

struct Verdict {
  enum class Is { kRight, kWrong, kNotAttempted, kWaits };
  std::string exercise;
  Is is = Is::kWaits;
  std::string because;  // for kWrong and kWaits: sentences, one a line
  std::string mistake;  // the known mistake's name, if it is one
};

struct CheckOptions {
  std::uint64_t seed = 1;
  Index rounds = 3;  // on so many random inputs: seed, seed + 1, ...
  Limits limits;
};

class Checker {
 public:
  Checker(std::filesystem::path root, std::filesystem::path build) : root_(std::move(root)), build_(std::move(build)) {}

  // A verdict for each exercise of `file`, which the reader has at `path`.
  std::vector<Verdict> check_file(const ExerciseFile& file, const std::filesystem::path& path,
                                  const CheckOptions& options) const;

  // The machine's own test, a sentence for each fault: the starter must read "not yet attempted", the reference must pass,
  // each mistake must be caught and named.
  std::vector<std::string> prove(const Chapter& chapter, const ExerciseFile& file, const CheckOptions& options) const;

  // Builds the program with every file of `paths` (by its place in src/) instead of the library's; gives its path.
  std::filesystem::path build_mine(const std::map<std::string, std::filesystem::path>& paths) const;

 private:
  struct Looked {
    Sights sights;
    std::string ended;  // how, if not well
    std::string said;   // what it printed
  };
  std::filesystem::path slot(const ExerciseFile& file, const std::string& of) const;
  Ended make(const std::vector<std::string>& targets, const Limits& limits) const;
  std::string lacking(const ExerciseFile& file) const;
  Looked look(const std::string& program, std::uint64_t seed, const Limits& limits) const;
  std::string tests(const ExerciseFile& file, const std::string& program, const Limits& limits) const;
  Verdict judge(const ExerciseFile& file, const std::string& exercise, const Looked& expected, const Looked& found,
                std::uint64_t seed) const;
  std::vector<Looked> look_at_mistakes(const ExerciseFile& file, const std::string& exercise, std::uint64_t seed,
                                       const Limits& limits) const;
  static const Mistake* known(const ExerciseFile& file, const std::string& exercise, const Sight& found,
                              const std::vector<Looked>& wrong);
  void make_mistakes(const ExerciseFile& file, const std::string& exercise) const;

  std::filesystem::path root_, build_;
};

}  // namespace seekling
