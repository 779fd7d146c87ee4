// seekling eval: what a run knows of text and questions that it never trained on.
#include <cmath>
#include <cstdio>
#include <iostream>

#include "cli/command.h"
#include "console/flags.h"
#include "console/precision.h"
#include "data/batches.h"
#include "data/tokenize.h"
#include "interop/find_model.h"
#include "interop/load_model.h"
#include "report/questions.h"
#include "text/tokenizer_json.h"
#include "train/trainer.h"

namespace seekling {

namespace fs = std::filesystem;

// The mean over all targets as inference computes it, a document at a time, in whatever
// formats the decoder has.
static double nats_per_target(const Decoder& decoder, const std::vector<Batch>& batches) {
  double nats = 0;
  Index targets = 0;
  for (const Batch& batch : batches) {
    Pages pages = decoder.make_pages(Pages::needed(batch.T));
    for (Index begin = 0, end = 0; begin < batch.B * batch.T; begin = end) {
      const auto starts = [&](Index i) {
        return batch.document_start[std::size_t(i)] == i % batch.T || i % batch.T == 0;
      };
      for (end = begin + 1; end < batch.B * batch.T && !starts(end);) ++end;
      Sequence document;
      const auto ids = std::span(batch.ids).subspan(std::size_t(begin), std::size_t(end - begin));
      const Tensor z =
          decoder.logits(decoder.prefill(document, ids, pages, /*wanted=*/end - begin));
      for (Index i = begin; i < end; ++i) {
        const std::int32_t target = batch.targets[0].ids[std::size_t(i)];
        if (target == kIgnored) continue;
        const auto row = z.view().row(i - begin).cast<double>().array();
        const double largest = row.maxCoeff();
        nats +=
            largest + std::log((row - largest).exp().sum()) - double(z.view()(i - begin, target));
        ++targets;
      }
      pages.truncate(document, 0);
    }
  }
  return nats / double(std::max<Index>(targets, 1));
}

int eval_command(int argc, char** argv) {
  cxxopts::Options options(
      "seekling eval",
      "Held-out loss, bits per byte, and exact match on the toy world's questions.");
  // clang-format off
  options.add_options()
      ("model", "a run folder (default: the latest run)", cxxopts::value<std::string>(), "DIR")
      ("questions", "a questions.jsonl, as data make writes it (default: the run's own)",
       cxxopts::value<std::string>(), "FILE")
      ("batch-size", "sequences in one forward pass",
       cxxopts::value<Index>()->default_value("8"), "N");
  // clang-format on
  options.positional_help("[DIR]");
  add_precision(options);
  const auto flags = parse(options, argc, argv, "model");
  const Precision precision = precision_of(flags);
  const bool as_trained = precision.weights == Format::kF32 && precision.cache == Format::kF32;
  const Index batch_size = number_of(flags, "batch-size", 1);
  const fs::path folder =
      flags.count("model") ? fs::path(flags["model"].as<std::string>()) : latest_run();
  const fs::path questions = flags.count("questions")
                                 ? fs::path(flags["questions"].as<std::string>())
                                 : folder / "data" / "questions.jsonl";
  check(!flags.count("questions") || fs::exists(questions), questions.string(),
        ": not found, expected a questions.jsonl as data make writes it");
  const fs::path tokens = folder / "tokens" / "heldout.bin";
  check(fs::exists(tokens) || fs::exists(questions) || !fs::is_directory(folder), folder.string(),
        ": has neither tokens/heldout.bin nor data/questions.jsonl to evaluate on; give the folder "
        "of a run with held-out text, or --questions FILE");
  const auto model = load_model(folder, to_stderr);
  const Tokenizer tokenizer = read_tokenizer(folder.string());

  if (fs::exists(tokens)) {
    const TokenFile file(tokens);
    const TrainerState state = read_trainer_state(folder);
    check(file.fingerprint() == fingerprint(tokenizer), tokens.string(),
          ": was made with a different tokenizer than ", (folder / "tokenizer.json").string(),
          "; restore the run's own, or train again");
    const Heldout heldout{
        heldout_batches(file, state.settings.seq_len, batch_size, tokenizer.bos()),
        file.text_bytes()};
    const HeldoutLoss loss = evaluate(*model, heldout);
    std::printf("held-out loss %.4f nats a token, %.4f bits a byte\n", loss.nats_per_target,
                loss.bits_per_byte);
    if (!as_trained) {
      const double nats = nats_per_target(Decoder(*model, precision), heldout.batches);
      std::printf("perplexity %.4f with weights in %s and cache in %s; %.4f as trained\n",
                  std::exp(nats), name(precision.weights).c_str(), name(precision.cache).c_str(),
                  std::exp(loss.nats_per_target));
    }
  }
  if (!fs::exists(questions)) return 0;
  for (const auto& [kind, count] :
       exact_match(Decoder(*model, precision), tokenizer, read_questions(questions)))
    std::printf("exact match %-10s %3ld of %3ld  %5.1f %%\n", kind.c_str(), long(count.right),
                long(count.asked), 100.0 * double(count.right) / double(count.asked));
  return 0;
}

}  // namespace seekling
