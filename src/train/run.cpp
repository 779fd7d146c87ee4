#include "train/run.h"

#include "core/check.h"
#include "data/batches.h"
#include "data/prepare.h"
#include "data/tokenize.h"
#include "interop/chat_template.h"
#include "interop/checkpoint.h"
#include "interop/load_model.h"
#include "model/size.h"
#include "report/report.h"
#include "report/samples_file.h"
#include "system/file.h"
#include "train/checksums.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

// A folder may exist, but must not contain anything that a run would replace.
void check_room(const fs::path& folder) {
  recover(folder);
  check(!fs::exists(folder / "trainer_state.json"), "--out: ", folder.string(),
        " already contains a run; continue it with --resume ", folder.string(),
        ", or choose another folder");
  for (const char* name : {"data", "tokens", "config.json", "model.safetensors", "tokenizer.json",
                           "tokenizer_config.json", "generation_config.json",
                           "optimizer.safetensors", "metrics.jsonl", "samples.md", "report.html"})
    check(!fs::exists(folder / name), "--out: ", folder.string(), " already contains ", name,
          ", which this run would overwrite; choose another folder");
}

struct RemoveIfEmpty {  // a failed start leaves no folder
  fs::path folder;
  ~RemoveIfEmpty() {
    std::error_code not_empty;
    fs::remove(folder, not_empty);
  }
};

void check_options(const RunOptions& options) {
  check_settings(options.settings);
  check(options.settings.seq_len <= options.config.max_position_embeddings, "--seq-len: found ",
        options.settings.seq_len, ", but the model has ", options.config.max_position_embeddings,
        " positions; give less, or a larger --max-position-embeddings");
  check(!options.folder.empty(), "--out: is empty, expected the name of a folder");
  check_room(options.folder);
}

Source source_of(const RunOptions& options) {
  Source source{.data = {options.data.begin(), options.data.end()},
                .toy_world = options.toy_world,
                .tokenizer = options.tokenizer,
                .vocab_size = options.config.vocab_size,
                .seq_len = options.settings.seq_len};
  source.toy_world.seed = options.settings.seed;
  return source;
}

// Initialises the weights at random, or reads them from options.weights; then the checkpoint's
// other end-of-text ids keep their meaning.
std::unique_ptr<Transformer> first_model(const RunOptions& options, const Tokenizer& tokenizer,
                                         const Say& say) {
  Config config = options.config;
  const bool drawn = options.weights.empty();
  std::vector<Index>& ends = config.more_eos_token_ids;
  if (drawn) ends.clear();
  else fit_mtp_modules(config, options.weights, say);
  if (!drawn && config.eos_token_id >= 0) ends.insert(ends.begin(), config.eos_token_id);
  std::erase(ends, tokenizer.eos());
  config.bos_token_id = tokenizer.bos();
  config.eos_token_id = tokenizer.eos();
  auto model = std::make_unique<Transformer>(config);
  if (drawn) {
    model->initialise(options.settings.seed);
  } else {
    say(text("starting from the weights of ", options.weights.string()));
    if (config.model_type != "deepseek_v32" || has_indexers(options.weights)) {
      load_weights(options.weights, *model);
    } else {
      say("these weights have no indexers, which are drawn; train them first by --learns indexer");
      model->initialise(options.settings.seed);
      load_weights_without_indexers(options.weights, *model);
    }
  }
  return model;
}

void keep_chat_template(Run& run, const fs::path& checkpoint) {
  if (checkpoint.empty()) return;
  const std::string source = chat_template_in(checkpoint).source;
  if (!source.empty()) run.chat_template = source;
}

void check_steps(const Run& run, Index planned, const Say& say) {
  const Index steps = run.state.settings.steps, done = run.state.step;
  check(steps >= done, "--steps: found ", steps, ", but ", run.folder.string(), " has ", done,
        " steps completed; give at least as many, or begin a new run with --out");
  if (steps != planned)
    say(text("note: --steps ", steps, " instead of ", planned,
             ": the learning rate now follows the schedule of a run of that length"));
  if (steps == done)
    say(text("all ", done, " steps of this run are done; a larger --steps continues it"));
}

fs::path token_file(const Run& run, const char* name) { return run.folder / "tokens" / name; }

void check_fingerprint(const Run& run, const TokenFile& file) {
  check(file.fingerprint() == run.state.tokenizer_fingerprint, (run.folder / "tokens").string(),
        ": was made with a different tokenizer than the run's; train again");
}

}  // namespace

std::string Run::name() const {
  return (fs::absolute(folder) / "").lexically_normal().parent_path().filename().string();
}

RunFolder Run::checkpoint() const {
  return {folder, tokenizer_json_with_bos(*tokenizer),
          tokenizer_config_json(*tokenizer, model->config.max_position_embeddings, chat_template)};
}

std::shared_ptr<const Transformer> Run::model_on_cpu() const {
  if (model->device() == Device::kCpu) return {std::shared_ptr<void>(), model.get()};
  return std::make_shared<const Transformer>(model->copy_on(Device::kCpu));
}

Run begin_run(const RunOptions& options, const Say& say) {
  check_options(options);
  Run run;
  run.folder = options.folder;
  run.state.settings = options.settings;
  run.state.data = options.data;

  const std::error_code failure = make_folders(run.folder);
  check(!failure, "--out: ", run.folder.string(), " cannot be created: ", failure.message());
  run.lock = std::make_unique<FolderLock>(run.folder);
  const RemoveIfEmpty cleanup{run.folder};

  AtomicSave save(run.folder);
  run.tokenizer = prepare(save, source_of(options), say);
  run.state.tokenizer_fingerprint = fingerprint(*run.tokenizer);
  run.model = first_model(options, *run.tokenizer, say);
  keep_chat_template(run, options.weights);
  run.checkpoint().write(save, *run.model, run.state);
  save.commit();
  return run;
}

Run resume_run(const fs::path& folder, const std::function<void(TrainSettings&)>& change,
               const Say& say) {
  check(fs::is_directory(folder), "--resume: ", folder.string(),
        " does not exist, expected the folder of a run");
  Run run;
  run.folder = folder;
  run.lock = std::make_unique<FolderLock>(folder);
  run.state = read_trainer_state(folder);

  const Index planned = run.state.settings.steps;
  change(run.state.settings);
  check_settings(run.state.settings);
  check_steps(run, planned, say);

  check_checksums(folder, run.state);
  run.model = load_model(folder, say);
  run.tokenizer = read_tokenizer(folder.string());
  keep_chat_template(run, folder);
  forget_samples_after(folder / "samples.md", run.state.step);
  return run;
}

TokenFiles::TokenFiles(const Run& run) : train(token_file(run, "train.bin")) {
  check_fingerprint(run, train);
  if (!fs::exists(token_file(run, "heldout.bin"))) return;
  heldout.emplace(token_file(run, "heldout.bin"));
  check_fingerprint(run, *heldout);
}

BatchSource batches_of(const Run& run, const TokenFiles& texts) {
  const TrainSettings& settings = run.state.settings;
  const auto batches = std::make_shared<const Batches>(
      texts.train, settings.seq_len, settings.batch_size, settings.seed, run.tokenizer->bos(),
      /*depths=*/Index(run.model->mtp.size()));
  return
      [batches, overfit = settings.overfit_batch](Index i) { return batches->at(overfit ? 0 : i); };
}

Heldout heldout_of(const Run& run, const TokenFiles& texts) {
  const TrainSettings& settings = run.state.settings;
  if (!texts.heldout || settings.overfit_batch) return {};  // one batch does not generalise
  return {
      heldout_batches(*texts.heldout, settings.seq_len, settings.batch_size, run.tokenizer->bos()),
      texts.heldout->text_bytes()};
}

void write_report(const Run& run, const TrainerState& state) {
  Report page;
  page.title = run.name();
  page.settings.emplace_back("parameters", text(size_of(run.model->config).total));
  page.settings.emplace_back("data", state.data.empty() ? "the toy world" : "");
  for (const std::string& path : state.data)
    page.settings.back().second += (path == state.data[0] ? "" : ", ") + path;
  for_each_setting(state.settings, [&](const Setting& row, const auto& value) {
    page.settings.emplace_back(row.key, setting_text(value));
  });
  page.metrics = read_metrics(run.folder / "metrics.jsonl");
  if (fs::exists(run.folder / "samples.md")) page.samples = read_file(run.folder / "samples.md");
  page.first_moe_layer = run.model->config.first_k_dense_replace;
  write_report(run.folder / "report.html", page);
}

}  // namespace seekling
