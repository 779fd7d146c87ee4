// seekling data dedup: text without its duplicates.
#include <iostream>

#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/clean_run.h"
#include "console/flags.h"
#include "report/data_page.h"
#include "system/interrupt.h"

namespace seekling {

int data_dedup_command(int argc, char** argv) {
  cxxopts::Options options("seekling data dedup",
                           "Drops documents that resemble an earlier one. Writes text.jsonl, "
                           "dropped.ndjson, report.json and report.html.");
  add_dedup_flags(options);
  add_output_flags(options);
  const auto flags = parse(options, argc, argv, "input");
  out_of(flags);  // a flag that is missing is said before the input is looked at
  const DedupOptions dedup_options = dedup_options_of(flags);
  DocumentReader reader(reading_of(flags), to_stderr);
  CleanOutput out(output_options_of(flags, reader));
  Dedup dedup(dedup_options, out);
  if (!read_documents(reader, nullptr, dedup, out, flags["save-every"].as<double>()))
    return Interrupt::exit_code();
  out.finish(reader, dedup.finish(), data_page);
  std::cout << out.summary();
  return 0;
}

}  // namespace seekling
