// seekling train: from text, or from nothing but the toy world, to a run that speaks.
//
//   RUN/data/     the toy world, where no --data is given       RUN/samples.md, metrics.jsonl, report.html
//   RUN/tokens/   train.bin and heldout.bin: the text as ids    RUN/config.json, model.safetensors ...: the checkpoint
#include "train/trainer.h"

#include <fstream>
#include <iostream>

#include "cli/command.h"
#include "cli/places.h"
#include "cli/questions.h"
#include "cli/tokens.h"
#include "interop/atomic_save.h"
#include "interop/config_json.h"
#include "interop/tokenizer_json.h"
#include "train/interrupt.h"
#include "train/progress.h"
#include "train/report.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

std::string dashed(std::string key) {
  for (char& c : key)
    if (c == '_') c = '-';
  return key;
}

template <class T>
std::string flag_text(const T& value) {
  if constexpr (std::is_same_v<T, std::vector<double>>) {
    std::string list;
    for (const double v : value) list += (list.empty() ? "" : ",") + text(v);
    return list;
  } else {
    return text(value);
  }
}

cxxopts::Options train_options() {
  cxxopts::Options options("seekling train", "Trains a model; by default the nano preset on the toy world.");
  options.add_options()("model", "a preset or a config.json", cxxopts::value<std::string>()->default_value("nano"), "MODEL")(
      "data", "texts to learn from: files, folders, .jsonl (default: the toy world)",
      cxxopts::value<std::vector<std::string>>(), "PATH")("tokenizer", "a tokenizer to use instead of learning one",
                                                          cxxopts::value<std::string>(), "FILE")(
      "out", "the run's folder (runs/MODEL)", cxxopts::value<std::string>(), "DIR")(
      "resume", "go on with this run and its own settings", cxxopts::value<std::string>(), "DIR")(
      "documents", "of the toy world", cxxopts::value<Index>()->default_value("60000"), "N")(
      "set", "any key of config.json", cxxopts::value<std::vector<std::string>>(), "KEY=VALUE");
  TrainSettings defaults;
  for_each_setting(defaults, [&](const std::string& key, const auto& value) {
    const bool by_width = key == "lr";
    options.add_options("Training")(dashed(key), "default " + flag_text(value) + (by_width ? " x 128 / hidden size" : ""),
                                    cxxopts::value<std::decay_t<decltype(value)>>(), "X");
  });
  for (const std::string& key : config_keys())
    options.add_options("Model, as in config.json")(dashed(key), "", cxxopts::value<std::string>(), "X");
  return options;
}

void apply_settings(TrainSettings& settings, const cxxopts::ParseResult& flags) {
  for_each_setting(settings, [&](const std::string& key, auto& value) {
    if (flags.count(dashed(key))) value = flags[dashed(key)].as<std::decay_t<decltype(value)>>();
  });
  check_settings(settings);
}

Config config_of(const cxxopts::ParseResult& flags) {
  Config config = find_config(flags["model"].as<std::string>());
  for (const std::string& key : config_keys())
    if (flags.count(dashed(key))) set_config_key(config, key, flags[dashed(key)].as<std::string>());
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

// The text of a new run as token files, and the tokenizer that made them.
Tokenizer prepare(const fs::path& run, const cxxopts::ParseResult& flags, Config& config, std::uint64_t seed) {
  std::vector<fs::path> train_paths, heldout_paths;
  if (flags.count("data")) {
    for (const std::string& path : flags["data"].as<std::vector<std::string>>()) train_paths.push_back(path);
  } else {
    std::cerr << "making the toy world\n";
    ToyWorldOptions world;
    world.seed = seed;
    world.documents = flags["documents"].as<Index>();
    write_toy_world(run / "data", make_toy_world(world));
    train_paths = {run / "data" / "train.jsonl"};
    heldout_paths = {run / "data" / "heldout.jsonl"};
  }
  const Corpus corpus(train_paths);
  std::optional<Corpus> apart;
  std::optional<Split> split;
  if (!heldout_paths.empty()) apart.emplace(heldout_paths);
  else split.emplace(corpus);
  const ForEachDocument train = [&](const VisitDocument& v) { split ? split->for_each_train(v) : corpus.for_each(v); };
  const ForEachDocument heldout = [&](const VisitDocument& v) { split ? split->for_each_heldout(v) : apart->for_each(v); };

  std::optional<Tokenizer> tokenizer;
  if (flags.count("tokenizer")) {
    tokenizer = read_tokenizer(flags["tokenizer"].as<std::string>());
  } else {
    std::cerr << "learning a vocabulary of " << config.vocab_size << " tokens\n";
    BpeTraining training;
    training.vocab_size = config.vocab_size;
    tokenizer = learn_tokenizer(train, training);
  }
  check(tokenizer->vocab_size() <= config.vocab_size, "--tokenizer: it has ", tokenizer->vocab_size(),
        " tokens, but the model's vocab_size is ", config.vocab_size, "; give --vocab-size ", tokenizer->vocab_size());
  config.bos_token_id = tokenizer->bos();
  config.eos_token_id = tokenizer->eos();
  fs::create_directories(run / "tokens");
  write_tokens(run / "tokens" / "train.bin", *tokenizer, train);
  if (!split || split->heldout_bytes > 0) write_tokens(run / "tokens" / "heldout.bin", *tokenizer, heldout);
  else std::cerr << "note: the text is too small to hold any of it out; no held-out loss is given\n";
  return *tokenizer;
}

// What the model says on the way and at the end, for samples.md and the terminal.
std::string samples(const Transformer& model, const Tokenizer& tokenizer, const fs::path& run, Index how_many) {
  std::string out;
  const fs::path file = run / "data" / "questions.jsonl";
  if (!fs::exists(file)) return tokenizer.decode({}) + answer(model, tokenizer, "", 120) + "\n";
  out += "> Tell me a story.\n" + answer(model, tokenizer, "User: Tell me a story.\n\nAssistant:", 160) + "\n\n";
  out += "> お話を聞かせてください。\n" + answer(model, tokenizer, "User: お話を聞かせてください。\n\nAssistant:", 160) + "\n\n";
  const std::vector<Question> questions = read_questions(file);
  const std::size_t stride = std::max<std::size_t>(questions.size() / std::size_t(how_many), 1);
  for (std::size_t i = 0; i < questions.size(); i += stride) {
    const Question& q = questions[i];
    const std::string found = answer(model, tokenizer, q.prompt, 48);
    std::string asked = q.prompt;
    if (const std::size_t turn = asked.rfind("User: "); turn != std::string::npos) asked = asked.substr(turn + 6);
    asked = asked.substr(0, asked.rfind("\n\nAssistant:"));
    out += "> " + asked + "\n" + found + (found == q.answer ? "   (right)" : "   (wrong:" + q.answer + ")") + "\n\n";
  }
  return out;
}

void append(const fs::path& file, const std::string& words) {
  std::ofstream out(file, std::ios::app);
  out << words << std::flush;
  check(bool(out), file.string(), ": cannot be written");
}

void report(const fs::path& run, const Config& config, const TrainerState& state) {
  Report page;
  page.title = run.filename().string();
  for_each_setting(state.settings, [&](const std::string& key, const auto& value) {
    page.settings.emplace_back(key, flag_text(value));
  });
  page.metrics = read_metrics(run / "metrics.jsonl");
  if (std::ifstream in(run / "samples.md"); in) page.samples.assign(std::istreambuf_iterator<char>(in), {});
  page.first_moe_layer = config.first_k_dense_replace;
  write_report(run / "report.html", page);
}

struct Run {
  fs::path folder;
  std::unique_ptr<Transformer> model;
  std::optional<Tokenizer> tokenizer;
  TrainerState state;
};

Run resumed(const cxxopts::ParseResult& flags) {
  Run run;
  run.folder = flags["resume"].as<std::string>();
  check(fs::exists(run.folder), "--resume: ", run.folder.string(), " does not exist, expected a run's folder");
  run.model = load_model(run.folder);
  run.tokenizer = read_tokenizer(run.folder.string());
  run.state = read_trainer_state(run.folder);
  if (flags.count("steps")) run.state.settings.steps = flags["steps"].as<Index>();
  return run;
}

// The default learning rate suits nano. A wider layer adds up more updates at once, so it takes smaller ones: the rate
// falls with the width, as in Yang et al. 2022 (arXiv:2203.03466), table 8, for Adam.
constexpr double kWidthOfDefaultLr = 128;

Run begun(const cxxopts::ParseResult& flags) {
  Run run;
  run.folder = flags.count("out") ? fs::path(flags["out"].as<std::string>())
                                  : free_run(fs::path(flags["model"].as<std::string>()).stem().string());
  check(!fs::exists(run.folder / "trainer_state.json"), "--out: ", run.folder.string(),
        " holds a run already; go on with it by --resume ", run.folder.string(), ", or name another folder");
  Config config = config_of(flags);
  apply_settings(run.state.settings, flags);
  if (!flags.count("lr")) run.state.settings.lr *= std::min(1.0, kWidthOfDefaultLr / double(config.hidden_size));
  fs::create_directories(run.folder);
  run.tokenizer = prepare(run.folder, flags, config, run.state.settings.seed);
  run.state.tokenizer_fingerprint = fingerprint(*run.tokenizer);
  if (flags.count("data")) run.state.data = flags["data"].as<std::vector<std::string>>();
  run.model = std::make_unique<Transformer>(config);
  run.model->initialise(run.state.settings.seed);
  return run;
}

}  // namespace

int train_command(int argc, char** argv) {
  cxxopts::Options options = train_options();
  const auto flags = parse(options, argc, argv);
  Run run = flags.count("resume") ? resumed(flags) : begun(flags);
  const TrainSettings settings = run.state.settings;
  const TokenId bos = run.tokenizer->bos();

  const TokenFile train_tokens(run.folder / "tokens" / "train.bin");
  check(train_tokens.fingerprint() == run.state.tokenizer_fingerprint, (run.folder / "tokens").string(),
        ": was made with another tokenizer than the run's");
  const Batches batches(train_tokens, settings.seq_len, settings.batch_size, settings.seed, bos);
  Heldout heldout;
  std::optional<TokenFile> heldout_tokens;
  if (fs::exists(run.folder / "tokens" / "heldout.bin")) {
    heldout_tokens.emplace(run.folder / "tokens" / "heldout.bin");
    heldout = {heldout_batches(*heldout_tokens, settings.seq_len, settings.batch_size, bos), heldout_tokens->text_bytes()};
  }
  std::cerr << train_tokens.size() << " tokens to learn from; the run is in " << run.folder.string() << "\n";

  const RunFolder folder(run.folder, tokenizer_json(*run.tokenizer),
                         tokenizer_config_json(*run.tokenizer, run.model->config.max_position_embeddings));
  Trainer trainer(*run.model, run.state, [&](Index i) { return batches.at(i); }, heldout, folder);
  Progress progress(progress_options(settings.steps, run.model->config.first_k_dense_replace), std::cerr);
  Hooks hooks;
  hooks.on_step = [&](const StepMetrics& m) {
    progress.update(m);
    if (m.heldout_loss)
      progress.note(text("step ", m.step, ": held-out loss ", *m.heldout_loss, " nats a token, ", *m.heldout_bits_per_byte,
                         " bits a byte"));
  };
  hooks.on_sample = [&](Index step) {
    append(run.folder / "samples.md",
           text("## Step ", step, "\n\n", samples(*run.model, *run.tokenizer, run.folder, 6)));
  };
  const Interrupt interrupt;
  const Outcome outcome = trainer.run(hooks);
  report(run.folder, run.model->config, trainer.state());
  if (outcome.interrupted) {
    progress.note(how_to_resume(run.folder, trainer.state()));
    return Interrupt::kExitCode;
  }
  std::cout << "\n" << samples(*run.model, *run.tokenizer, run.folder, 12);
  if (fs::exists(run.folder / "data" / "questions.jsonl")) {
    std::cout << "exact match on held-out questions:";
    for (const auto& [kind, count] :
         exact_match(*run.model, *run.tokenizer, read_questions(run.folder / "data" / "questions.jsonl")))
      std::cout << "  " << kind << " " << count.right << "/" << count.asked;
    std::cout << "\n";
  }
  std::cerr << "talk to it: ./seekling chat --model " << run.folder.string() << "\n";
  return 0;
}

}  // namespace seekling
