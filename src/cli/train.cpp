// seekling train: from text, or from nothing but the toy world, to a run that speaks.
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "console/device.h"
#include "console/flags.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/find_model.h"
#include "report/progress.h"
#include "report/questions.h"
#include "report/samples_file.h"
#include "report/tensorboard.h"
#include "system/atomic_save.h"
#include "system/interrupt.h"
#include "train/run.h"
#include "train/samples.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

template <class T>
constexpr const char* kPlaceholder = std::is_integral_v<T>                    ? "N"
                                     : std::is_same_v<T, double>              ? "X"
                                     : std::is_same_v<T, std::vector<double>> ? "LIST"
                                                                              : "NAME";

template <class T>
void add_setting(cxxopts::Options& options, const std::string& group, const Setting& row,
                 const T& usual) {
  if constexpr (std::is_same_v<T, bool>) {
    options.add_options(group)(flag_of(row.key), row.help);
  } else if (!row.usual.empty()) {
    options.add_options(group)(flag_of(row.key), row.help + " (default: " + row.usual + ")",
                               cxxopts::value<T>(), kPlaceholder<T>);
  } else {
    const std::string choices = row.accepted.choices.empty() ? "" : ": " + row.accepted.words;
    options.add_options(group)(flag_of(row.key), row.help + choices,
                               cxxopts::value<T>()->default_value(setting_text(usual)),
                               kPlaceholder<T>);
  }
}

void add_settings(cxxopts::Options& options) {
  const TrainSettings defaults;
  for (const SettingGroup& group : setting_groups())
    for (const Setting& row : group.rows)
      std::visit([&](auto member) { add_setting(options, group.name, row, defaults.*member); },
                 row.member);
}

std::vector<std::string> help_groups() {
  std::vector<std::string> groups{""};
  for (const SettingGroup& group : setting_groups()) groups.push_back(group.name);
  return groups;
}

cxxopts::Options train_options() {
  cxxopts::Options options("seekling train",
                           "Trains a model; by default the nano preset on the toy world.");
  // clang-format off
  options.add_options()
      ("model", "a preset, a config.json (the Model options change its keys), or a folder with "
       "weights to start from",
       cxxopts::value<std::string>()->default_value("nano"), "MODEL")
      ("data", "training text: files, folders, .jsonl (default: the toy world)",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("documents", "documents of the toy world",
       cxxopts::value<Index>()->default_value("100000"), "N")
      ("tokenizer", "tokenizer.json, or a folder with one (default: learned from the texts)",
       cxxopts::value<std::string>(), "FILE")
      ("from-scratch", "draw new weights even if the folder of --model has some")
      ("out", "the run's folder (default: runs/MODEL)", cxxopts::value<std::string>(), "DIR")
      ("resume", "continue this run with its own settings", cxxopts::value<std::string>(), "DIR");
  add_device(options);
  options.add_options()
      ("set", "change a key of config.json, as the Model options do",
       cxxopts::value<std::vector<std::string>>(), "KEY=VALUE")
      ("profile", "print at the end how much time each part of a step took")
      ("tensorboard", "also write the curves for TensorBoard");
  // clang-format on
  options.positional_help("[PATH ...]");
  add_settings(options);
  for (const ConfigKey& key : config_keys())
    options.add_options("Model")(flag_of(key.name), key.help, cxxopts::value<std::string>(),
                                 "VALUE");
  return options;
}

void apply_settings(TrainSettings& settings, const cxxopts::ParseResult& flags) {
  for_each_setting(settings, [&]<class T>(const Setting& row, T& value) {
    const std::string flag = flag_of(row.key);
    if (flags.count(flag)) value = flags[flag].as<T>();
  });
}

Config config_of(const cxxopts::ParseResult& flags) {
  Config config = find_config(flags["model"].as<std::string>());
  for (const ConfigKey& key : config_keys()) {
    const std::string flag = flag_of(key.name);
    if (flags.count(flag)) set_config_key(config, key.name, flags[flag].as<std::string>());
  }
  for (const std::string& pair : all_of(flags, "set")) {
    const std::size_t equals = pair.find('=');
    check(equals != std::string::npos, "--set: found ", pair, ", expected KEY=VALUE");
    set_config_key(config, pair.substr(0, equals), pair.substr(equals + 1));
  }
  check_config(config, "--model " + flags["model"].as<std::string>());
  return config;
}

// A resumed run has its settings in its folder. The flags that may change them do not change what
// was learned so far; any other flag would be ignored, so it is refused.
void check_resume_flags(const cxxopts::ParseResult& flags) {
  static const std::vector<std::string> kMayChange = {
      "resume",  "steps",  "eval-every", "save-every",  "sample-every",
      "threads", "device", "profile",    "tensorboard", "recompute"};
  for (const auto& given : flags.arguments())
    if (std::ranges::find(kMayChange, given.key()) == kMayChange.end())
      throw Usage("--" + given.key() +
                  ": --resume continues with the run's own settings; leave --" + given.key() +
                  " out, or begin a new run with --out (--steps, --eval-every, --save-every and "
                  "--sample-every may change)");
}

// runs/nano, runs/nano/ and nano.json: nano.
std::string name_of(const std::string& model) {
  const fs::path path = fs::absolute(model).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).stem().string();
}

// A folder with weights is more than a shape: training starts from them, in their vocabulary.
void start_from_weights(RunOptions& options, const std::string& model) {
  if (find_config_file(model) != fs::path(model) / "config.json") return;
  recover(model);
  if (!has_weights(model)) return;
  options.weights = model;
  if (!options.tokenizer.empty()) return;
  check(fs::exists(options.weights / "tokenizer.json"), "--model: ", model,
        " has weights but no tokenizer.json, without which its ids have no meaning; give "
        "--tokenizer, or --from-scratch to take only the shape");
  options.tokenizer = model;
}

RunOptions options_of(const cxxopts::ParseResult& flags) {
  if (flags.count("data") && flags.count("documents"))
    throw Usage(
        "--documents is a setting of the toy world, which --data replaces; remove one of them");
  const std::string model = flags["model"].as<std::string>();
  const Config config = config_of(flags);
  RunOptions options{.config = config,
                     .settings = default_settings(config.hidden_size),
                     .folder = flags.count("out") ? fs::path(flags["out"].as<std::string>())
                                                  : free_run(name_of(model))};
  apply_settings(options.settings, flags);
  options.data = all_of(flags, "data");
  if (flags.count("tokenizer")) options.tokenizer = flags["tokenizer"].as<std::string>();
  options.toy_world.documents = flags["documents"].as<Index>();
  if (!flags.count("from-scratch")) start_from_weights(options, model);
  return options;
}

Run run_of(const cxxopts::ParseResult& flags) {
  if (!flags.count("resume")) return begin_run(options_of(flags), to_stderr);
  check_resume_flags(flags);
  return resume_run(
      flags["resume"].as<std::string>(),
      [&](TrainSettings& settings) { apply_settings(settings, flags); }, to_stderr);
}

// The end of a run on one batch: has the model learned it by heart?
void print_overfit(const std::vector<StepMetrics>& metrics) {
  if (metrics.empty()) return;
  const double first = metrics.front().loss, last = metrics.back().loss;
  std::cout << "the loss of batch 0 went from " << first << " to " << last << " nats in "
            << metrics.back().step << " steps: "
            << (last < 0.1 ? "the model can overfit a batch, as it must\n"
                           : "not yet 0; try more --steps or another --lr, and if the loss stays "
                             "there, look for a wrong gradient\n");
}

// The end of any other: what the model knows of text that it has not seen, and what it says.
void print_result(const Run& run, const TokenFiles& texts, const Heldout& heldout) {
  std::cout << "\n" << samples_of(run, texts, 12);
  if (!heldout.batches.empty()) {
    const HeldoutLoss loss = evaluate(*run.model, heldout);
    std::cout << "held-out loss " << loss.nats_per_target << " nats a token, " << loss.bits_per_byte
              << " bits a byte\n";
  }
  if (fs::exists(run.questions())) {
    std::cout << "exact match on held-out questions:";
    for (const auto& [kind, count] :
         exact_match(Decoder(*run.model_on_cpu()), *run.tokenizer, read_questions(run.questions())))
      std::cout << "  " << kind << " " << count.right << "/" << count.asked;
    std::cout << "\n";
  }
}

}  // namespace

int train_command(int argc, char** argv) {
  // The run: a new one, or the one that is resumed
  cxxopts::Options options = train_options();
  const auto flags = parse(options, argc, argv, "data", help_groups());
  const Device device = device_of(flags);
  if (flags.count("dtype"))  // before the folder is made
    check_dtype(flags["dtype"].as<std::string>(), device);
  const Run run = run_of(flags);
  const TrainSettings& settings = run.state.settings;
  check_dtype(settings.dtype, device);

  // Its data
  const TokenFiles texts(run);
  const Heldout heldout = heldout_of(run, texts);
  std::cerr << texts.train.size() << " training tokens; the run is in " << run.folder.string()
            << "\n";
  if (settings.overfit_batch)
    std::cerr << "--overfit-batch: training on batch 0 only; its loss must go to 0\n";

  // The training, and the records that it writes
  Trainer trainer(*run.model, run.state, batches_of(run, texts), heldout, run.checkpoint(), device);
  Profile profile;
  if (flags.count("profile")) trainer.measure(&profile);
  std::optional<TensorBoard> tensorboard;
  if (flags.count("tensorboard")) tensorboard.emplace(run.folder, run.state.step);
  Progress progress(progress_options(settings.steps, run.model->config.first_k_dense_replace),
                    std::cerr);
  Hooks hooks;
  hooks.on_step = [&](const StepMetrics& m) {
    progress.update(m);
    if (tensorboard) tensorboard->append(m);
    if (m.heldout_loss)
      progress.note(text("step ", m.step, ": held-out loss ", *m.heldout_loss, " nats a token, ",
                         *m.heldout_bits_per_byte, " bits a byte"));
  };
  if (!settings.overfit_batch)
    hooks.on_sample = [&](Index step) {
      append_samples(run.folder / "samples.md", step, samples_of(run, texts, 6));
    };

  // The steps, and the result
  const Outcome outcome = trainer.run(hooks);
  write_report(run, trainer.state());
  if (flags.count("profile")) progress.note(profile.table());
  if (outcome.interrupted) {
    progress.note(how_to_resume(run.folder, trainer.state()));
    return Interrupt::exit_code();
  }
  if (settings.overfit_batch) {
    print_overfit(read_metrics(run.folder / "metrics.jsonl"));
  } else {
    print_result(run, texts, heldout);
    std::cerr << "talk to it: ./seekling chat --model " << run.folder.string() << "\n";
  }
  return 0;
}

}  // namespace seekling
