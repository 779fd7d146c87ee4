// seekling data make: the toy world as files.
#include <iostream>

#include "cli/command.h"
#include "console/flags.h"
#include "toy/world.h"

namespace seekling {

int data_command(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "--help" || what == "-h") {
    std::cout << "seekling data make [FLAGS]: the toy world as files; seekling data make --help "
                 "lists its flags\n";
    return 0;
  }
  if (what != "make") throw Usage("data: found \"" + what + "\", expected make");
  cxxopts::Options options("seekling data make",
                           "Writes the toy world: train.jsonl, heldout.jsonl and questions.jsonl.");
  // clang-format off
  options.add_options()
      ("out", "the folder to write",
       cxxopts::value<std::string>()->default_value("runs/toy-world"), "DIR")
      ("seed", "seed of the toy world; another seed gives another village",
       cxxopts::value<std::uint64_t>()->default_value("1"), "N")
      ("documents", "documents to learn from",
       cxxopts::value<Index>()->default_value("100000"), "N")
      ("questions", "held-out questions of each kind",
       cxxopts::value<Index>()->default_value("100"), "N")
      ("languages", "languages of the documents: en, ja or both",
       cxxopts::value<std::vector<std::string>>()->default_value("en,ja"), "LIST");
  // clang-format on
  const auto flags = parse(options, argc - 1, argv + 1);
  ToyWorldOptions world;
  world.seed = flags["seed"].as<std::uint64_t>();
  world.documents = number_of(flags, "documents", 0);
  world.questions_per_kind = number_of(flags, "questions", 0);
  world.languages = flags["languages"].as<std::vector<std::string>>();
  for (const std::string& language : world.languages)
    if (language != "en" && language != "ja")
      throw Usage("--languages: found " + language + ", expected en, ja or both");
  const std::filesystem::path out = flags["out"].as<std::string>();
  const ToyWorld made = make_toy_world(world);
  write_toy_world(out, made);
  std::cerr << "wrote " << made.train.size() << " documents, " << made.heldout.size()
            << " held-out documents and " << made.questions.size() << " questions to "
            << out.string() << "\n";
  return 0;
}

}  // namespace seekling
