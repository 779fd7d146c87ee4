// seekling data dedup: text without its duplicates.
#include <iostream>

#include "clean/dedup.h"
#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/flags.h"

namespace seekling {

int data_dedup_command(int argc, char** argv) {
  cxxopts::Options options("seekling data dedup",
                           "Drops documents that resemble an earlier one. Writes text.jsonl, "
                           "dropped.ndjson and report.json.");
  add_dedup_flags(options);
  add_clean_flags(options);
  const auto flags = parse(options, argc, argv, "input");
  const DedupOptions dedup_options = dedup_options_of(flags);
  const std::filesystem::path folder = out_of(flags);
  DocumentReader reader(reading_of(flags), to_stderr);
  CleanOutput out(folder);
  Dedup dedup(dedup_options, out);
  for_each_batch(reader, [&](std::vector<InputDocument>& batch) { dedup.add(batch); });
  out.finish(reader, dedup.finish());
  std::cout << out.summary();
  return 0;
}

}  // namespace seekling
