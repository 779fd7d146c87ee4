// Holds a reader's file against the library's. The reader's file is compiled and linked
// ahead of the library, so that it takes the place of ours; then program and reference
// write down what their probe sees on the same random inputs (chapters/probe.h), and where
// they differ the known mistakes are built too and looked for one with the same numbers.
// Where all is equal, the file's own tests run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "course/book.h"
#include "course/build.h"
#include "course/recording.h"
#include "system/child_process.h"

namespace seekling {

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
  bool strangers = false;  // the file is: what the compiler reads is confined as well
};

class Checker {
 public:
  Checker(std::filesystem::path root, std::filesystem::path build)
      : root_(std::move(root)), workshop_(std::move(build)) {}

  // A verdict for each exercise of `file`, which the reader has at `path`.
  std::vector<Verdict> check_file(const ExerciseFile& file, const std::filesystem::path& path,
                                  const CheckOptions& options) const;

  // The machine's own test, a sentence for each fault: the starter must read "not yet attempted",
  // the reference must pass, each mistake must be caught and named.
  std::vector<std::string> prove(const Chapter& chapter, const ExerciseFile& file,
                                 const CheckOptions& options) const;

 private:
  struct Looked {
    Observations recording;
    std::string ended;  // how, if not well
    std::string said;   // what it printed
  };
  Looked look(const std::string& program, std::uint64_t seed, const Limits& limits) const;
  std::string tests(const ExerciseFile& file, const std::string& program,
                    const Limits& limits) const;
  Index number_of_tests(const std::string& program, const Limits& limits) const;
  Verdict judge(const ExerciseFile& file, const std::string& exercise, const Looked& expected,
                const Looked& found, std::uint64_t seed) const;
  std::vector<Looked> look_at_mistakes(const ExerciseFile& file, const std::string& exercise,
                                       std::uint64_t seed, const Limits& limits) const;
  static const Mistake* known(const ExerciseFile& file, const std::string& exercise,
                              const Observed& found, const std::vector<Looked>& wrong);
  void make_mistakes(const ExerciseFile& file, const std::string& exercise) const;

  std::filesystem::path root_;
  Workshop workshop_;
};

}  // namespace seekling
