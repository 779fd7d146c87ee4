// seekling data stats: the size of a corpus, and what is in it.
#include <iostream>

#include "clean/corpus_stats.h"
#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/flags.h"
#include "text/tokenizer_json.h"

namespace seekling {

int data_stats_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling data stats",
                           "Documents, bytes, words, tokens and languages of each PATH.");
  // clang-format off
  options.add_options()
      ("tokenizer", "a tokenizer.json or a folder with one, to count tokens",
       cxxopts::value<std::string>()->default_value(""), "PATH")
      ("json", "print one JSON object per line");
  // clang-format on
  add_reading_flags(options);
  const auto flags = parse(options, argc, argv, "input");
  const std::string given = flags["tokenizer"].as<std::string>();
  const auto tokenizer = given.empty() ? std::nullopt : std::optional(read_tokenizer(given));
  const Reading reading = reading_of(flags);

  // Count each path by itself
  for (const auto& path : reading.paths) {
    Reading one = reading;
    one.paths = {path};
    DocumentReader reader(one, to_stderr);
    CorpusStats stats(tokenizer);
    for_each_batch(reader,
                   [&](std::vector<InputDocument>& batch) { return stats.add(batch), true; });
    if (flags.count("json")) {
      nlohmann::ordered_json line{{"path", path.string()}};
      line.update(stats.report());
      std::cout << line.dump() << "\n";
    } else {
      std::cout << path.string() << "\n" << stats.summary();
    }
  }
  return 0;
}

}  // namespace seekling
