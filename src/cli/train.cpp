// seekling train: from text, or from nothing but the toy world, to a run that speaks.
//
//   RUN/data/     the toy world, where no --data is given       RUN/samples.md, metrics.jsonl, report.html
//   RUN/tokens/   train.bin and heldout.bin: the text as ids    RUN/config.json, model.safetensors ...: the checkpoint
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "cli/device.h"
#include "cli/places.h"
#include "cli/prepare.h"
#include "cli/questions.h"
#include "cli/samples.h"
#include "interop/config_json.h"
#include "interop/file.h"
#include "interop/folder_lock.h"
#include "interop/tokenizer_json.h"
#include "model/size.h"
#include "train/interrupt.h"
#include "train/progress.h"
#include "train/report.h"
#include "train/tensorboard.h"
#include "train/trainer.h"

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
  cxxopts::Options options("seekling train", "Trains a model; by default the nano preset on the toy world.");
  // clang-format off
  options.add_options()
      ("model", "a preset or a config.json, whose keys the Model options change",
       cxxopts::value<std::string>()->default_value("nano"), "MODEL")
      ("data", "texts to learn from: files, folders, .jsonl (default: the toy world)",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("documents", "documents of the toy world",
       cxxopts::value<Index>()->default_value("100000"), "N")
      ("tokenizer", "tokenizer.json, or a folder with one (default: learned from the texts)",
       cxxopts::value<std::string>(), "FILE")
      ("out", "the run's folder (default: runs/MODEL)", cxxopts::value<std::string>(), "DIR")
      ("resume", "continue this run with its own settings", cxxopts::value<std::string>(), "DIR");
  add_device(options);
  options.add_options()
      ("set", "change a key of config.json, as the Model options do",
       cxxopts::value<std::vector<std::string>>(), "KEY=VALUE")
      ("profile", "print at the end how much time each part of a step took")
      ("tensorboard", "write the curves for TensorBoard, too");
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
  check_settings(settings);
}

Config config_of(const cxxopts::ParseResult& flags) {
  Config config = find_config(flags["model"].as<std::string>());
  for (const ConfigKey& key : config_keys()) {
    const std::string flag = flag_of(key.name);
    if (flags.count(flag)) set_config_key(config, key.name, flags[flag].as<std::string>());
  }
  if (flags.count("set"))
    for (const std::string& pair : flags["set"].as<std::vector<std::string>>()) {
      const std::size_t equals = pair.find('=');
      check(equals != std::string::npos, "--set: found ", pair, ", expected KEY=VALUE");
      set_config_key(config, pair.substr(0, equals), pair.substr(equals + 1));
    }
  if (config.attention != "mla") config.model_type = "seekling";
  check_config(config, "--model " + flags["model"].as<std::string>());
  return config;
}

// A run that goes on has its settings in its folder. What can be told anew changes what is shown and how long it goes on,
// not what was learned; any other flag would be ignored, so it is refused.
void check_resume_flags(const cxxopts::ParseResult& flags) {
  static const std::vector<std::string> kMayChange = {"resume",  "steps",  "eval-every", "save-every",  "sample-every",
                                                      "threads", "device", "profile",    "tensorboard", "recompute"};
  for (const auto& given : flags.arguments())
    if (std::ranges::find(kMayChange, given.key()) == kMayChange.end())
      throw Usage(
          "--" + given.key() + ": --resume goes on with the run's own settings; leave --" + given.key() +
          " out, or begin a new run with --out (--steps, --eval-every, --save-every and --sample-every may change)");
}

Source source_of(const cxxopts::ParseResult& flags, const Config& config, const TrainSettings& settings) {
  Source source{.vocab_size = config.vocab_size, .seq_len = settings.seq_len};
  if (flags.count("data")) {
    if (flags.count("documents"))
      throw Usage("--documents is of the toy world, which --data replaces; leave one of them out");
    for (const std::string& path : flags["data"].as<std::vector<std::string>>()) source.data.push_back(path);
  }
  source.toy_world.seed = settings.seed;
  source.toy_world.documents = flags["documents"].as<Index>();
  if (flags.count("tokenizer")) source.tokenizer = flags["tokenizer"].as<std::string>();
  return source;
}

// A folder may be there already, but not with anything in it that a run would replace.
void check_room(const fs::path& folder) {
  recover(folder);
  check(!fs::exists(folder / "trainer_state.json"), "--out: ", folder.string(),
        " holds a run already; go on with it by --resume ", folder.string(), ", or name another folder");
  for (const char* name :
       {"data", "tokens", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "generation_config.json", "optimizer.safetensors", "metrics.jsonl", "samples.md", "report.html"})
    check(!fs::exists(folder / name), "--out: ", folder.string(), " holds ", name,
          ", which no run has put there and a run would replace; name another folder");
}

struct Run {
  fs::path folder;
  std::unique_ptr<FolderLock> lock;
  std::unique_ptr<Transformer> model;
  std::optional<Tokenizer> tokenizer;
  TrainerState state;

  // What speaks works on the CPU: the model itself, or a copy of what is on a GPU.
  std::shared_ptr<const Transformer> speaker() const {
    if (model->device() == Device::kCpu) return {std::shared_ptr<void>(), model.get()};
    return std::make_shared<const Transformer>(model->copy_on(Device::kCpu));
  }

  std::string name() const { return (fs::absolute(folder) / "").lexically_normal().parent_path().filename().string(); }
  fs::path questions() const { return folder / "data" / "questions.jsonl"; }
  RunFolder checkpoint() const {
    return {folder, tokenizer_json(*tokenizer),
            tokenizer_config_json(*tokenizer, model->config.max_position_embeddings)};
  }
};

struct RemoveIfEmpty {  // a run that did not come about leaves no folder
  fs::path folder;
  ~RemoveIfEmpty() {
    std::error_code not_empty;
    fs::remove(folder, not_empty);
  }
};

Run resumed(const cxxopts::ParseResult& flags) {
  check_resume_flags(flags);
  Run run;
  run.folder = flags["resume"].as<std::string>();
  check(fs::is_directory(run.folder), "--resume: ", run.folder.string(), " is not there, expected the folder of a run");
  run.lock = std::make_unique<FolderLock>(run.folder);
  run.state = read_trainer_state(run.folder);
  const Index planned = run.state.settings.steps;
  apply_settings(run.state.settings, flags);
  check(run.state.settings.steps >= run.state.step, "--steps: found ", run.state.settings.steps, ", but ",
        run.folder.string(), " has ", run.state.step,
        " steps behind it; give at least so many, or begin a new run with --out");
  if (run.state.settings.steps != planned)
    std::cerr << "note: --steps " << run.state.settings.steps << " instead of " << planned
              << ": the learning rate goes on by the schedule of a run of that length\n";
  if (run.state.settings.steps == run.state.step)
    std::cerr << "all " << run.state.step << " steps of this run are done; a larger --steps goes on with it\n";
  run.model = load_model(run.folder);
  run.tokenizer = read_tokenizer(run.folder.string());
  forget_samples_after(run.folder / "samples.md", run.state.step);
  return run;
}

// Text, tokenizer and the untrained weights are one save: a run is there as a whole, or nothing is.
Run begun(const cxxopts::ParseResult& flags) {
  Run run;
  Config config = config_of(flags);
  run.state.settings = default_settings(config.hidden_size);
  apply_settings(run.state.settings, flags);
  const TrainSettings& settings = run.state.settings;
  check(settings.seq_len <= config.max_position_embeddings, "--seq-len: found ", settings.seq_len,
        ", but the model has ", config.max_position_embeddings,
        " positions; give less, or a larger --max-position-embeddings");
  const Source source = source_of(flags, config, settings);
  if (flags.count("data")) run.state.data = flags["data"].as<std::vector<std::string>>();

  run.folder = flags.count("out") ? fs::path(flags["out"].as<std::string>())
                                  : free_run(fs::path(flags["model"].as<std::string>()).stem().string());
  check(!run.folder.empty(), "--out: is empty, expected the name of a folder");
  check_room(run.folder);
  std::error_code failure;
  fs::create_directories(run.folder, failure);
  check(!failure, "--out: ", run.folder.string(), " cannot be made: ", failure.message());
  run.lock = std::make_unique<FolderLock>(run.folder);
  const RemoveIfEmpty cleanup{run.folder};
  AtomicSave save(run.folder);
  run.tokenizer = prepare(save, source);
  run.state.tokenizer_fingerprint = fingerprint(*run.tokenizer);
  config.bos_token_id = run.tokenizer->bos();
  config.eos_token_id = run.tokenizer->eos();
  run.model = std::make_unique<Transformer>(config);
  run.model->initialise(settings.seed);
  run.checkpoint().write(save, *run.model, run.state);
  save.commit();
  return run;
}

// The token files of a run, as training and evaluation read them.
struct TokenFiles {
  TokenFile train;
  std::optional<TokenFile> heldout;

  explicit TokenFiles(const Run& run) : train(path(run, "train.bin")) {
    check_fingerprint(run, train);
    if (!fs::exists(path(run, "heldout.bin"))) return;
    heldout.emplace(path(run, "heldout.bin"));
    check_fingerprint(run, *heldout);
  }
  const TokenFile& to_continue() const { return heldout ? *heldout : train; }

 private:
  static fs::path path(const Run& run, const char* name) { return run.folder / "tokens" / name; }
  static void check_fingerprint(const Run& run, const TokenFile& file) {
    check(file.fingerprint() == run.state.tokenizer_fingerprint, (run.folder / "tokens").string(),
          ": was made with another tokenizer than the run's; train anew");
  }
};

Heldout heldout_of(const Run& run, const TokenFiles& texts) {
  const TrainSettings& settings = run.state.settings;
  if (!texts.heldout || settings.overfit_batch) return {};  // what one batch teaches says nothing of other text
  return {heldout_batches(*texts.heldout, settings.seq_len, settings.batch_size, run.tokenizer->bos()),
          texts.heldout->text_bytes()};
}

std::string samples(const Run& run, const TokenFiles& texts, Index how_many) {
  if (fs::exists(run.questions())) return toy_samples(*run.speaker(), *run.tokenizer, run.questions(), how_many);
  return prose_samples(*run.speaker(), *run.tokenizer, texts.to_continue(), std::max<Index>(how_many / 3, 1));
}

void write_report(const Run& run, const TrainerState& state) {
  Report page;
  page.title = run.name();
  page.settings.emplace_back("parameters", text(size_of(run.model->config).total));
  page.settings.emplace_back("data", state.data.empty() ? "the toy world" : "");
  for (const std::string& path : state.data) page.settings.back().second += (path == state.data[0] ? "" : ", ") + path;
  for_each_setting(state.settings, [&](const Setting& row, const auto& value) {
    page.settings.emplace_back(row.key, setting_text(value));
  });
  page.metrics = read_metrics(run.folder / "metrics.jsonl");
  if (fs::exists(run.folder / "samples.md")) page.samples = read_file(run.folder / "samples.md");
  page.first_moe_layer = run.model->config.first_k_dense_replace;
  write_report(run.folder / "report.html", page);
}

// The end of a run on one batch: has the model learned it by heart?
void print_overfit(const std::vector<StepMetrics>& metrics) {
  if (metrics.empty()) return;
  const double first = metrics.front().loss, last = metrics.back().loss;
  std::cout
      << "the loss of batch 0 went from " << first << " to " << last << " nats in " << metrics.back().step << " steps: "
      << (last < 0.1
              ? "the model can learn by heart, as it must\n"
              : "not yet 0; give it more --steps, or another --lr, and if it stays there, look for a wrong gradient\n");
}

// The end of any other: what the model knows of text that it has not seen, and what it says.
void print_result(const Run& run, const TokenFiles& texts, const Heldout& heldout) {
  std::cout << "\n" << samples(run, texts, 12);
  if (!heldout.batches.empty()) {
    const HeldoutLoss loss = evaluate(*run.model, heldout);
    std::cout << "held-out loss " << loss.nats_per_target << " nats a token, " << loss.bits_per_byte
              << " bits a byte\n";
  }
  if (fs::exists(run.questions())) {
    std::cout << "exact match on held-out questions:";
    for (const auto& [kind, count] :
         exact_match(Decoder(*run.speaker()), *run.tokenizer, read_questions(run.questions())))
      std::cout << "  " << kind << " " << count.right << "/" << count.asked;
    std::cout << "\n";
  }
}

}  // namespace

int train_command(int argc, char** argv) {
  cxxopts::Options options = train_options();
  const auto flags = parse(options, argc, argv, "data", help_groups());
  const Device device = device_of(flags);
  if (flags.count("dtype")) check_dtype(flags["dtype"].as<std::string>(), device);  // before there is a folder
  const Run run = flags.count("resume") ? resumed(flags) : begun(flags);
  const TrainSettings& settings = run.state.settings;
  check_dtype(settings.dtype, device);

  const TokenFiles texts(run);
  const Heldout heldout = heldout_of(run, texts);
  const Batches batches(texts.train, settings.seq_len, settings.batch_size, settings.seed, run.tokenizer->bos());
  const BatchSource source = [&](Index i) { return batches.at(settings.overfit_batch ? 0 : i); };
  std::cerr << texts.train.size() << " tokens to learn from; the run is in " << run.folder.string() << "\n";
  if (settings.overfit_batch) std::cerr << "--overfit-batch: batch 0 is all there is, and its loss must go to 0\n";

  Trainer trainer(*run.model, run.state, source, heldout, run.checkpoint(), device);
  Profile profile;
  if (flags.count("profile")) trainer.measure(&profile);
  std::optional<TensorBoard> tensorboard;
  if (flags.count("tensorboard")) tensorboard.emplace(run.folder, run.state.step);
  Progress progress(progress_options(settings.steps, run.model->config.first_k_dense_replace), std::cerr);
  Hooks hooks;
  hooks.on_step = [&](const StepMetrics& m) {
    progress.update(m);
    if (tensorboard) tensorboard->append(m);
    if (m.heldout_loss)
      progress.note(text("step ", m.step, ": held-out loss ", *m.heldout_loss, " nats a token, ",
                         *m.heldout_bits_per_byte, " bits a byte"));
  };
  if (!settings.overfit_batch)
    hooks.on_sample = [&](Index step) { append_samples(run.folder / "samples.md", step, samples(run, texts, 6)); };

  const Outcome outcome = trainer.run(hooks);
  write_report(run, trainer.state());
  if (flags.count("profile")) progress.note(profile.table());
  if (outcome.interrupted) {
    progress.note(how_to_resume(run.folder, trainer.state()));
    return Interrupt::kExitCode;
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
