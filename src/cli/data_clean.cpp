// seekling data clean: text to train on, of text as it is found.
#include <iostream>

#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/clean_run.h"
#include "console/flags.h"
#include "report/data_page.h"
#include "system/interrupt.h"

namespace seekling {

static EvaluationSet evaluation_of(const cxxopts::ParseResult& flags) {
  EvaluationSet evaluation;
  Reading reading{.text_field = flags["against-field"].as<std::string>()};
  for (const std::string& path : all_of(flags, "against")) reading.paths.emplace_back(path);
  if (reading.paths.empty()) return evaluation;
  DocumentReader reader(reading, to_stderr);
  Index too_short = 0;
  for (auto some = reader.next(); !some.empty(); some = reader.next())
    for (const InputDocument& d : some) too_short += !evaluation.add(d.text, d.place);
  check(reader.documents() > 0, "--against: found no question under the key \"", reading.text_field,
        "\"; --against-field names another key");
  if (too_short > 0)
    to_stderr(text("note: ", too_short, " questions have fewer than ", EvaluationSet::kLeastWords,
                   " words and are ignored"));
  return evaluation;
}

int data_clean_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options(
      "seekling data clean",
      "Repairs characters, filters, drops evaluation questions and duplicates. Writes text.jsonl, "
      "dropped.ndjson, report.json and report.html.");
  // clang-format off
  options.add_options()
      ("languages", "languages to keep, such as en,ja; empty: all",
       cxxopts::value<std::vector<std::string>>()->default_value(""), "LIST")
      ("filters", "rules and their thresholds; the default is for web pages",
       cxxopts::value<std::string>()->default_value(Filters::standard_file().string()), "FILE")
      ("quality", "a classifier written by data quality; documents that it scores below "
       "quality_min_score are dropped", cxxopts::value<std::string>(), "FILE")
      ("against", "evaluation questions (JSON lines or text); documents that contain one are "
       "dropped",
       cxxopts::value<std::string>(), "FILE")
      ("against-field", "the key of the question in --against",
       cxxopts::value<std::string>()->default_value("prompt"), "KEY");
  // clang-format on
  add_dedup_flags(options);
  add_output_flags(options);
  const auto flags = parse(options, argc, argv, "input");
  out_of(flags);  // a flag that is missing is said before the input is looked at
  CleanOptions clean_options{.filters = flags["filters"].as<std::string>()};
  for (const std::string& l : flags["languages"].as<std::vector<std::string>>())
    if (!l.empty()) clean_options.languages.insert(l);
  if (flags.count("quality"))
    clean_options.quality = read_quality(flags["quality"].as<std::string>());
  const DedupOptions dedup_options = dedup_options_of(flags);

  // Clean all documents, and drop duplicates
  DocumentReader reader(reading_of(flags), to_stderr);
  std::vector<std::filesystem::path> read{clean_options.filters};
  for (const char* flag : {"quality", "against"})
    if (flags.count(flag)) read.emplace_back(flags[flag].as<std::string>());
  CleanOutput out(output_options_of(flags, reader, read));
  Clean clean(std::move(clean_options), evaluation_of(flags), out);
  Dedup dedup(dedup_options, out);
  if (!read_documents(reader, &clean, dedup, out, flags["save-every"].as<double>()))
    return Interrupt::exit_code();

  // Write the output and its report
  nlohmann::ordered_json details = clean.details();
  details.update(dedup.finish());
  out.finish(reader, details, data_page);
  std::cout << out.summary();
  if (out.kept_documents() == 0)
    to_stderr(
        "note: no document is kept; dropped.ndjson names the rule that dropped each one, and "
        "--filters FILE sets other rules");
  return 0;
}

}  // namespace seekling
