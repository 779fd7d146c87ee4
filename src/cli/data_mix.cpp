// seekling data mix: sources of text in given shares.
#include <cstdio>

#include "clean/mix.h"
#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/flags.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"

namespace seekling {

static MixSource source_of(const std::string& word) {  // PATH=WEIGHT
  const std::size_t equals = word.rfind('=');
  char* end = nullptr;
  const double weight = equals == word.npos ? 0 : std::strtod(word.c_str() + equals + 1, &end);
  if (end == nullptr || *end != '\0' || !(weight > 0 && weight < 1e9))
    throw Usage("data mix: found " + word + ", expected PATH=WEIGHT with a weight above 0");
  if (word.starts_with("-="))
    throw Usage(
        "data mix: standard input cannot be a source, because sources are read more than once");
  return {word.substr(0, equals), weight};
}

int data_mix_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling data mix",
                           "Mixes sources so that each has its share of the bytes. Writes "
                           "text.jsonl and report.json.");
  options.add_options()("epochs", "how often a source may be read",
                        cxxopts::value<Index>()->default_value("1"), "N");
  add_clean_flags(options);
  options.positional_help("PATH=WEIGHT...");
  const auto flags = parse(options, argc, argv, "input");
  const Index epochs = number_of(flags, "epochs", 1);
  const Reading reading = reading_of(flags);
  std::vector<MixSource> sources;
  for (const auto& word : reading.paths) sources.push_back(source_of(word.string()));
  const std::filesystem::path folder = out_of(flags);

  // Mix, and save the text with a report
  const FolderLock lock(folder);
  AtomicSave save(folder);
  FileWriter texts(save.file("text.jsonl"));
  const auto report = mix(sources, epochs, reading, to_stderr, [&](std::string_view line) {
    texts.write(line.data(), line.size());
    texts.write("\n", 1);
  });
  texts.finish();
  write_file(save.file("report.json"), report.dump(2) + "\n");
  save.commit();

  // Print the shares
  for (const auto& source : report.at("sources"))
    std::printf("%6.2f %%  %10ld documents %14ld bytes of text  %s\n",
                100 * source["share"].get<double>(), source["documents"].get<long>(),
                source["bytes"].get<long>(), source["path"].get<std::string>().c_str());
  return 0;
}

}  // namespace seekling
