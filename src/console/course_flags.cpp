#include "console/course_flags.h"

#include <random>

#include "console/flags.h"

namespace seekling {

namespace fs = std::filesystem;

void add_my(cxxopts::Options& options) {
  options.add_options()("my", "where your files are",
                        cxxopts::value<std::string>()->default_value((kRoot / "my").string()),
                        "DIR");
}

ReaderFolder my_folder(const cxxopts::ParseResult& flags) {
  return {flags["my"].as<std::string>()};
}

fs::path shown(const fs::path& path) {
  const fs::path relative = path.lexically_relative(fs::current_path());
  return relative.empty() || relative.string().starts_with("..") ? path : relative;
}

void add_argument(cxxopts::Options& options, const std::string& what, const std::string& name) {
  options.positional_help(name);
  options.add_options()("what", what, cxxopts::value<std::string>(), name);
}

std::string argument(const cxxopts::ParseResult& flags, const char* what, const char* example) {
  if (!flags.count("what"))
    throw Usage(text(what, " is missing; for example: ./seekling ", example));
  return flags["what"].as<std::string>();
}

static Index chapter_number(const std::string& word) {
  const bool digits =
      !word.empty() && word.size() < 3 && word.find_first_not_of("0123456789") == word.npos;
  if (!digits) throw Usage("found \"" + word + "\", expected the number of a chapter, like 5");
  return std::stoll(word);
}

Chapter chapter_argument(const cxxopts::ParseResult& flags, const char* example) {
  return read_chapter(kRoot, chapter_number(argument(flags, "the chapter's number", example)));
}

Chapter chapter_of_exercise(const std::string& number) {
  const std::size_t dot = number.find('.');
  if (dot == number.npos)
    throw Usage("found \"" + number + "\", expected the number of an exercise, like 5.1");
  return read_chapter(kRoot, chapter_number(number.substr(0, dot)));
}

void expect_programmed(const Chapter& chapter) {
  check(!chapter.files.empty(), "chapter ", chapter.number,
        " has no programming exercise; its exercises on paper are in ",
        (chapter.folder / "exercises.md").string());
}

Checker the_checker() { return {SEEKLING_ROOT, SEEKLING_BUILD}; }

void add_check_options(cxxopts::Options& options) {
  options.add_options()("seed",
                        "seed of the random shapes and values (default: a new one each time)",
                        cxxopts::value<std::uint64_t>(), "N")(
      "rounds", "number of random inputs", cxxopts::value<Index>()->default_value("3"), "N")(
      "seconds", "stop a program that runs longer", cxxopts::value<double>()->default_value("60"),
      "X")("memory", "MiB of memory that a program may use",
           cxxopts::value<Index>()->default_value("4096"), "N");
}

CheckOptions check_options(const cxxopts::ParseResult& flags) {
  CheckOptions options;
  options.seed =
      flags.count("seed") ? flags["seed"].as<std::uint64_t>() : std::random_device()() % 1000000;
  options.rounds = number_of(flags, "rounds", 1);
  options.limits.seconds = flags["seconds"].as<double>();
  options.limits.memory_mib = number_of(flags, "memory", 64);
  return options;
}

}  // namespace seekling
