// seekling data pack: token files of texts, for train --data.
#include <cstdio>
#include <iostream>

#include "clean/pack.h"
#include "cli/command.h"
#include "console/clean_flags.h"
#include "console/flags.h"
#include "data/corpus.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "text/bpe_train.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

Tokenizer learned_tokenizer(const Reading& reading, Index vocab_size, bool with_fim) {
  for (const auto& path : reading.paths)
    if (path == "-")
      throw Usage(
          "--tokenizer: not given, and standard input cannot be read twice, to train a tokenizer "
          "and to use it; give a tokenizer or a file");
  BpeTraining training;
  training.vocab_size = vocab_size;
  if (with_fim)
    for (const char* token : {kFimBegin, kFimHole, kFimEnd}) training.specials.push_back(token);
  to_stderr(text("learning a vocabulary of ", vocab_size, " tokens"));
  PieceCounts pieces(training.pre_tokenizer);
  DocumentReader reader(reading, [](const std::string&) {});  // what is odd is told when it is used
  for_each_batch(reader, [&](std::vector<InputDocument>& batch) {
    std::vector<std::string> texts;
    for (InputDocument& d : batch)
      if (!is_heldout(d.text)) texts.push_back(std::move(d.text));
    pieces.add(texts);
    return true;
  });
  return train_bpe(pieces, training);
}

void print_packed(const nlohmann::ordered_json& report) {
  for (const char* part : {"train", "heldout"}) {
    const auto& count = report.at(part);
    std::printf("%-8s %10ld documents %12ld tokens %12ld bytes  %.2f bytes per token\n", part,
                count["documents"].get<long>(), count["tokens"].get<long>(),
                count["bytes"].get<long>(), count["bytes_per_token"].get<double>());
  }
  std::printf(
      "%ld rows; %.2f %% of their tokens are read twice or pad the last row; %ld documents are "
      "longer than a row; %ld are fill-in-the-middle\n",
      report["rows"].get<long>(), 100 * report["tokens_read_twice"].get<double>(),
      report["documents_longer_than_a_row"].get<long>(), report["fim_documents"].get<long>());
}

}  // namespace

int data_pack_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling data pack",
                           "Writes token files for `train --data DIR`: train.bin, heldout.bin, "
                           "tokenizer.json and report.json.");
  // clang-format off
  options.add_options()
      ("tokenizer", "a tokenizer.json or a folder with one; without it a tokenizer is trained",
       cxxopts::value<std::string>()->default_value(""), "PATH")
      ("vocab-size", "size of the vocabulary that is learned",
       cxxopts::value<Index>()->default_value("4096"), "N")
      ("seq-len", "tokens in a training row; documents are ordered so that most fit into a row "
       "whole",
       cxxopts::value<Index>()->default_value("256"), "N")
      ("fim-rate", "share of the documents that become fill-in-the-middle; 0.1 in DeepSeek-V3",
       cxxopts::value<double>()->default_value("0"), "R")
      ("seed", "seed of fill-in-the-middle",
       cxxopts::value<std::uint64_t>()->default_value("1"), "N");
  // clang-format on
  add_clean_flags(options);
  const auto flags = parse(options, argc, argv, "input");
  PackOptions pack_options{.seq_len = number_of(flags, "seq-len", 1),
                           .fim_rate = flags["fim-rate"].as<double>(),
                           .seed = flags["seed"].as<std::uint64_t>()};
  if (!(pack_options.fim_rate >= 0 && pack_options.fim_rate <= 1))
    throw Usage(text("--fim-rate: found ", pack_options.fim_rate, ", expected 0 to 1"));
  const Reading reading = reading_of(flags);
  const std::filesystem::path folder = out_of(flags);

  // The tokenizer: given, or learned from the input
  const std::string given = flags["tokenizer"].as<std::string>();
  const Tokenizer tokenizer =
      given.empty()
          ? learned_tokenizer(reading, number_of(flags, "vocab-size", 1), pack_options.fim_rate > 0)
          : read_tokenizer(given);

  // Pack, and save all files together
  const FolderLock lock(folder);
  AtomicSave save(folder);
  DocumentReader reader(reading, to_stderr);
  Pack pack(pack_options, tokenizer, save.file("train.bin"), save.file("heldout.bin"));
  for_each_batch(reader, [&](std::vector<InputDocument>& batch) { return pack.add(batch), true; });
  const auto report = pack.finish();
  write_file(save.file("tokenizer.json"), tokenizer_json_with_bos(tokenizer));
  write_file(save.file("report.json"), report.dump(2) + "\n");
  save.commit();
  print_packed(report);
  return 0;
}

}  // namespace seekling
