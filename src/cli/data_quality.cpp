// seekling data quality: a classifier for `data clean --quality`, learned from examples.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "clean/quality.h"
#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/flags.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr Index kLeastTexts = 20;

Reading reading_of(const cxxopts::ParseResult& flags, const std::string& flag) {
  Reading reading;
  for (const std::string& path : all_of(flags, flag)) reading.paths.emplace_back(path);
  if (reading.paths.empty())
    throw Usage("--" + flag + ": not given; name a file or folder of " + flag +
                " texts; once for each");
  reading.text_field = flags["text-field"].as<std::string>();
  reading.separator = flags["separator"].as<std::string>();
  return reading;
}

QualityExamples::Split examples_of(const cxxopts::ParseResult& flags, const std::string& flag) {
  QualityExamples examples(std::size_t(number_of(flags, "most", kLeastTexts)));
  DocumentReader reader(reading_of(flags, flag), to_stderr);
  for_each_batch(reader,
                 [&](std::vector<InputDocument>& some) { return examples.add(some), true; });
  QualityExamples::Split split = std::move(examples).split();
  const std::size_t found = split.to_learn.size() + split.heldout.size();
  check(Index(found) >= kLeastTexts, "--", flag, ": found ", found,
        " different texts with words in them, expected at least ", kLeastTexts);
  return split;
}

// What each threshold would keep and drop of the texts that were not learned from.
void print_thresholds(const QualityModel& model, const std::vector<QualityFeatures>& good,
                      const std::vector<QualityFeatures>& bad) {
  const auto share_above = [&](const std::vector<QualityFeatures>& some, double logit) {
    const auto above = [&](const QualityFeatures& f) { return model.logit(f) >= logit; };
    return 100 * double(std::ranges::count_if(some, above)) /
           double(std::max<std::size_t>(some.size(), 1));
  };
  std::printf("threshold   kept of the good   dropped of the bad\n");
  for (const double p : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    const double logit = std::log(p / (1 - p));
    std::printf("%9.1f %16.1f %% %18.1f %%\n", p, share_above(good, logit),
                100 - share_above(bad, logit));
  }
}

}  // namespace

int data_quality_command(int argc, char** argv) {
  cxxopts::Options options("seekling data quality",
                           "Learns to tell good texts from bad ones, for data clean --quality. A "
                           "tenth of the texts is kept apart to measure on.");
  // clang-format off
  options.add_options()
      ("good", "texts like those to keep; once for each file or folder",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("bad", "texts like those to drop; once for each file or folder",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("out", "the file to write", cxxopts::value<std::string>(), "FILE")
      ("most", "texts of each kind that are used, chosen by their hash",
       cxxopts::value<Index>()->default_value("10000"), "N")
      ("epochs", "times that the texts of the larger kind are read",
       cxxopts::value<Index>()->default_value("5"), "N")
      ("seed", "seed of the order of the texts",
       cxxopts::value<std::uint64_t>()->default_value("1"), "N")
      ("text-field", "the key of the text in JSON lines",
       cxxopts::value<std::string>()->default_value("text"), "KEY")
      ("separator", "the line between the documents of a text file (default: the file is one "
       "document)", cxxopts::value<std::string>()->default_value(""), "LINE");
  // clang-format on
  const auto flags = parse(options, argc, argv);
  if (!flags.count("out")) throw Usage("--out: not given; name the file to write");
  for (const char* flag : {"good", "bad"}) reading_of(flags, flag);  // said before texts are read
  const auto good = examples_of(flags, "good"), bad = examples_of(flags, "bad");
  const QualityModel model =
      train_quality(good.to_learn, bad.to_learn, number_of(flags, "epochs", 1),
                    flags["seed"].as<std::uint64_t>());
  replace_file(flags["out"].as<std::string>(), quality_json(model));
  std::printf("learned from %zu good and %zu bad texts; of %zu and %zu others:\n",
              good.to_learn.size(), bad.to_learn.size(), good.heldout.size(), bad.heldout.size());
  print_thresholds(model, good.heldout, bad.heldout);
  return 0;
}

}  // namespace seekling
