#include "console/clean_flags.h"

#include <chrono>
#include <cstdio>

#include "console/flags.h"
#include "core/check.h"
#include "system/crc32c.h"
#include "system/file.h"
#include "text/tokenizer_json.h"

namespace seekling {

static constexpr Index kLeastPassage = 10;  // words; shorter ones are the phrases of a language

void add_reading_flags(cxxopts::Options& options) {
  // clang-format off
  options.add_options("Input")
      ("input", "files and folders of .txt, .md, .jsonl, .ndjson or .json (JSON lines), also "
       "packed as .gz or .zst; - reads standard input",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("text-field", "the key of the text in JSON lines",
       cxxopts::value<std::string>()->default_value("text"), "KEY")
      ("separator", "the line between the documents of a text file; empty: the file is one "
       "document", cxxopts::value<std::string>()->default_value(""), "LINE");
  // clang-format on
  options.positional_help("PATH...");
}

void add_clean_flags(cxxopts::Options& options) {
  options.add_options()("out", "the folder to write", cxxopts::value<std::string>(), "DIR");
  add_reading_flags(options);
}

Reading reading_of(const cxxopts::ParseResult& flags) {
  Reading reading;
  for (const std::string& path : all_of(flags, "input")) reading.paths.emplace_back(path);
  if (reading.paths.empty())
    throw Usage("found no input; name files or folders of text, or - for standard input");
  reading.text_field = flags["text-field"].as<std::string>();
  reading.separator = flags["separator"].as<std::string>();
  return reading;
}

std::filesystem::path out_of(const cxxopts::ParseResult& flags) {
  if (!flags.count("out")) throw Usage("--out: not given; name the folder to write");
  return flags["out"].as<std::string>();
}

void add_output_flags(cxxopts::Options& options) {
  // clang-format off
  options.add_options()
      ("tokenizer", "a tokenizer.json or a folder with one: the report also counts tokens",
       cxxopts::value<std::string>()->default_value(""), "PATH")
      ("shards", "number of output files; a document's file depends only on the document",
       cxxopts::value<Index>()->default_value("1"), "N")
      ("resume", "continue a run that was interrupted or killed, with the same flags and input")
      ("save-every", "seconds from one save to the next, for --resume",
       cxxopts::value<double>()->default_value("10"), "S");
  // clang-format on
  add_clean_flags(options);
}

CleanOutputOptions output_options_of(const cxxopts::ParseResult& flags,
                                     const DocumentReader& reader,
                                     const std::vector<std::filesystem::path>& read) {
  CleanOutputOptions options;
  options.folder = out_of(flags);
  for (const std::string& path : all_of(flags, "input")) options.sources.emplace_back(path);
  const std::string tokenizer = flags["tokenizer"].as<std::string>();
  if (!tokenizer.empty()) options.tokenizer = read_tokenizer(tokenizer);
  options.shards = number_of(flags, "shards", 1);
  options.resume = flags.count("resume") > 0;
  // What the output depends on.
  nlohmann::ordered_json words = nlohmann::ordered_json::array();
  for (const auto& flag : flags)
    if (flag.key() != "resume" && flag.key() != "save-every" && flag.key() != "threads")
      words.push_back(flag.key() + "=" + flag.value());
  for (const auto& file : read) words.push_back(text(file.string(), " ", crc32c(read_file(file))));
  options.run = {{"flags", words}, {"input", reader.fingerprint()}};
  return options;
}

void add_dedup_flags(cxxopts::Options& options) {
  // clang-format off
  options.add_options("Duplicates")
      ("jaccard", "the least Jaccard similarity of near duplicates, over runs of five words",
       cxxopts::value<double>()->default_value("0.8"), "J")
      ("exact", "drop only documents that are equal except for white space")
      ("passages", "remove runs of at least N words that occurred before; 50 is usual; 0: none",
       cxxopts::value<Index>()->default_value("0"), "N")
      ("lines", "remove lines of at least N characters, not counting white space, that occurred "
       "before; 0: none", cxxopts::value<Index>()->default_value("0"), "N")
      ("memory", "MiB of memory for sorting; the rest is sorted on the disk of --out",
       cxxopts::value<Index>()->default_value("32"), "MIB");
  // clang-format on
}

DedupOptions dedup_options_of(const cxxopts::ParseResult& flags) {
  DedupOptions options;
  options.target = flags["jaccard"].as<double>();
  if (!(options.target > 0 && options.target <= 1))
    throw Usage(text("--jaccard: found ", options.target, ", expected 0 < J <= 1"));
  if (flags.count("exact")) options.target = 0;
  options.passage_words = number_of(flags, "passages", 0);
  if (options.passage_words > 0) number_of(flags, "passages", kLeastPassage);
  options.line_length = number_of(flags, "lines", 0);
  options.memory = std::size_t(number_of(flags, "memory", 1)) << 20;
  return options;
}

bool for_each_batch(DocumentReader& reader,
                    const std::function<bool(std::vector<InputDocument>&)>& use) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  };
  constexpr double kEvery = 5;  // seconds
  const Index bytes_before = reader.bytes();
  const auto begun = Clock::now();
  auto said = begun;
  for (auto documents = reader.next(); !documents.empty(); documents = reader.next()) {
    if (!use(documents)) return false;
    if (seconds_since(said) < kEvery) continue;
    said = Clock::now();
    char line[120];
    std::snprintf(line, sizeof line, "read %ld documents, %.0f MB, %.1f MB/s",
                  long(reader.documents()), double(reader.bytes()) / 1e6,
                  double(reader.bytes() - bytes_before) / 1e6 / seconds_since(begun));
    to_stderr(line);
  }
  return true;
}

}  // namespace seekling
