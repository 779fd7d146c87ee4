// seekling data: the toy world as files, and the stages that make text to train on.
#include <iostream>

#include "cli/command.h"
#include "console/flags.h"
#include "toy/world.h"

namespace seekling {

static int data_make(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling data make",
                           "Writes the toy world: train.jsonl, heldout.jsonl and questions.jsonl.");
  // clang-format off
  options.add_options()
      ("out", "the folder to write",
       cxxopts::value<std::string>()->default_value("runs/toy-world"), "DIR")
      ("seed", "seed of the toy world; another seed gives another village",
       cxxopts::value<std::uint64_t>()->default_value("1"), "N")
      ("documents", "number of training documents",
       cxxopts::value<Index>()->default_value("100000"), "N")
      ("questions", "held-out questions of each kind",
       cxxopts::value<Index>()->default_value("100"), "N")
      ("languages", "languages of the documents: en, ja or both",
       cxxopts::value<std::vector<std::string>>()->default_value("en,ja"), "LIST");
  // clang-format on
  const auto flags = parse(options, argc, argv);
  ToyWorldOptions world;
  world.seed = flags["seed"].as<std::uint64_t>();
  world.documents = number_of(flags, "documents", 0);
  world.questions_per_kind = number_of(flags, "questions", 0);
  world.languages = flags["languages"].as<std::vector<std::string>>();
  for (const std::string& language : world.languages)
    if (language != "en" && language != "ja")
      throw Usage("--languages: found " + language + ", expected en, ja or both");

  // Make the world and write it
  const std::filesystem::path out = flags["out"].as<std::string>();
  const ToyWorld made = make_toy_world(world);
  write_toy_world(out, made);
  std::cerr << "wrote " << made.train.size() << " documents, " << made.heldout.size()
            << " held-out documents and " << made.questions.size() << " questions to "
            << out.string() << "\n";
  return 0;
}

int data_command(int argc, char** argv) {
  const std::string stage = argc > 1 ? argv[1] : "";
  if (stage == "--help" || stage == "-h") {
    std::cout << "seekling data STAGE [FLAGS]; seekling data STAGE --help lists its flags\n\n"
                 "  make     write the toy world to files\n"
                 "  clean    turn raw text into training text: repair, filter, drop duplicates\n"
                 "  quality  train a classifier for clean on good and bad examples\n"
                 "  dedup    drop duplicates\n"
                 "  mix      mix sources of text in given shares\n"
                 "  pack     tokenize text into files for train --data\n"
                 "  stats    print the size and the contents of a corpus\n";
    return 0;
  }
  if (stage == "make") return data_make(argc - 1, argv + 1);
  if (stage == "clean") return data_clean_command(argc - 1, argv + 1);
  if (stage == "quality") return data_quality_command(argc - 1, argv + 1);
  if (stage == "dedup") return data_dedup_command(argc - 1, argv + 1);
  if (stage == "mix") return data_mix_command(argc - 1, argv + 1);
  if (stage == "pack") return data_pack_command(argc - 1, argv + 1);
  if (stage == "stats") return data_stats_command(argc - 1, argv + 1);
  throw Usage("data: found \"" + stage +
              "\", expected make, clean, quality, dedup, mix, pack or stats");
}

}  // namespace seekling
