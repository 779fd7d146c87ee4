// seekling doctor: what is wrong with this machine, or with a run. Each look returns a sentence
// on what is well, or throws the one on what is not, as everything else in the program does.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <span>
#include <sstream>
#include <thread>

#include "cli/command.h"
#include "console/flags.h"
#include "core/parallel.h"
#include "data/tokenize.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/load_model.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "text/tokenizer_json.h"
#include "train/checksums.h"
#include "train/trainer.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

constexpr double kGiB = 1024.0 * 1024 * 1024;

bool look(const std::function<std::string()>& at) {
  try {
    const std::string well = at();
    std::cout << "  ok     " << well << "\n";
    return true;
  } catch (const std::exception& e) {
    std::cout << "  WRONG  " << e.what() << "\n";
    return false;
  }
}

// The first of these programs that PATH has; empty if none.
std::string in_path(std::initializer_list<const char*> names) {
  const char* path = std::getenv("PATH");
  for (const char* name : names) {
    std::istringstream folders(path ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');)
      if (::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  }
  return "";
}

std::string tool(const char* what, std::initializer_list<const char*> names, const char* package) {
  const std::string found = in_path(names);
  check(!found.empty(), "found no ", what, " in PATH, which building Seekling needs; install ",
        package, " (apt-get install ", package, ", or brew install ", package, ")");
  return text("the ", what, " is ", found);
}

std::string cores() {
  const unsigned there = std::thread::hardware_concurrency();
  const char* set = std::getenv("OMP_NUM_THREADS");
  return text(threads(), " of ", there, " cores are used",
              set ? text(" (OMP_NUM_THREADS is ", set, ")") : "");
}

std::string memory() {
  const double all = double(memory_size());
  check(
      all > 0.9 * kGiB, "this machine has ", all / kGiB,
      " GiB of memory, and training the nano model takes about 1 GiB; use a smaller --batch-size");
  return text(std::round(10 * all / kGiB) / 10, " GiB of memory");
}

std::string disk(const fs::path& folder) {
  std::error_code failure;
  const fs::space_info space = fs::space(folder, failure);
  check(!failure, folder.string(),
        ": the free space of its disk cannot be read: ", failure.message());
  check(double(space.available) > kGiB, fs::absolute(folder).string(), ": its disk has ",
        double(space.available) / kGiB,
        " GiB free; a build takes about 0.5 GiB and a run three times its model.safetensors; free "
        "some space");
  check(::access(folder.c_str(), W_OK) == 0, fs::absolute(folder).string(),
        ": cannot be written to; run from another folder");
  return text(std::round(10 * double(space.available) / kGiB) / 10, " GiB free in ",
              fs::canonical(folder).string());
}

std::string gpu() {
  if (!built_for_gpus())
    return "--device cuda is not available: this build has no CUDA (cmake --preset cuda makes one "
           "that has)";
  check(has_gpu(),
        "this build is for GPUs, but CUDA finds none (nvidia-smi may say why); --device cpu still "
        "works");
  return "a GPU is available for --device cuda";
}

bool machine_is_well() {
  std::cout << "this machine\n";
  bool well = look([] { return tool("C++ compiler", {"c++", "g++", "clang++"}, "g++"); });
  well &= look([] { return tool("build tool", {"cmake"}, "cmake"); });
  well &= look([] { return tool("make", {"make", "ninja"}, "make"); });
  well &= look(cores);
  well &= look(memory);
  well &= look([] { return disk("."); });
  well &= look(gpu);
  return well;
}

std::string saves(const fs::path& run) {
  check(fs::is_directory(run), run.string(), ": is not a folder, expected the folder of a run");
  if (FolderLock::held(run)) return "another process is training in this folder now";
  if (fs::exists(run / ".commit")) {
    recover(run);
    return "a save was interrupted after its commit point; it has been completed now";
  }
  if (fs::exists(run / ".next") && fs::exists(run / "config.json"))
    return "a save was interrupted; the checkpoint before it is valid, and the next save removes "
           "its remains";
  check(fs::exists(run / "config.json"), run.string(),
        ": has no config.json, so it is not a run; give the folder of a run");
  return "no save was interrupted";
}

std::string weights(const fs::path& run) {
  const auto model = load_model(run, to_stderr);
  std::string bad;
  Index numbers = 0;
  model->for_each_parameter([&](const std::string& name, const Tensor& p) {
    numbers += p.size();
    if (bad.empty() && !p.view().matrix().allFinite()) bad = name;
  });
  check(bad.empty(), run.string(), ": model.safetensors has a NaN or an infinity in ", bad,
        "; go back to an earlier run, or train again with a lower --lr");
  return text("config.json and model.safetensors agree, and all ", numbers, " weights are finite");
}

std::string tokenizer(const fs::path& run) {
  const Tokenizer found = read_tokenizer(run.string());
  const Index rows = read_config(run).vocab_size;
  check(found.vocab_size() <= rows, run.string(), ": tokenizer.json has ", found.vocab_size(),
        " tokens, but the model has only ", rows, " (vocab_size); they do not belong together");
  check(fingerprint(found) == read_trainer_state(run).tokenizer_fingerprint, run.string(),
        ": tokenizer.json is not the one that made the run's token files; resume from another "
        "folder");
  return text("tokenizer.json has ", found.vocab_size(), " tokens, and the model has room for ",
              rows);
}

std::string training_state(const fs::path& run) {
  const TrainerState state = read_trainer_state(run);
  check_checksums(run, state);
  if (state.step > 0) {
    const auto model = load_model(run, to_stderr);
    RunFolder(run, "", "")
        .load(*model, AdamW(learned_parameters(*model, state.settings), adamw_of(state.settings)));
  }
  return text("trainer_state.json and optimizer.safetensors are intact",
              state.checksums.empty() ? "" : ", and the checksums of all tensors agree", ": ",
              state.step, " of ", state.settings.steps, " steps are done");
}

// The ids of a damaged file may be outside the vocabulary.
void check_ids(const TokenFile& file, const std::string& path, Index vocab_size) {
  check(file.vocab_size() <= vocab_size, path, ": is for a vocabulary of ", file.vocab_size(),
        ", but the model's has ", vocab_size, "; train again");
  std::vector<std::int32_t> ids(1 << 16);
  for (Index i = 0; i < file.size(); i += Index(ids.size()))
    file.read(i, std::span(ids).first(std::size_t(std::min(Index(ids.size()), file.size() - i))));
}

std::string text_files(const fs::path& run) {
  const TrainerState state = read_trainer_state(run);
  const Index vocab_size = read_config(run).vocab_size;
  Index tokens = 0;
  for (const char* name : {"train.bin", "heldout.bin"}) {
    if (name == std::string("heldout.bin") && !fs::exists(run / "tokens" / name)) continue;
    const std::string path = (run / "tokens" / name).string();
    const TokenFile file(path);
    check(file.fingerprint() == state.tokenizer_fingerprint, path,
          ": was made with a different tokenizer than the run's; train again");
    check_ids(file, path, vocab_size);
    tokens += file.size();
  }
  return text("the token files are intact: ", tokens, " tokens, all in the vocabulary");
}

std::string curve(const fs::path& run) {
  const std::vector<StepMetrics> all = read_metrics(run / "metrics.jsonl");
  if (all.empty()) return "no step has been taken yet";
  const StepMetrics *best = nullptr, *last = nullptr;
  for (const StepMetrics& m : all) {
    check(std::isfinite(m.loss), run.string(), ": the loss of step ", m.step,
          " is not a number; train again with a lower --lr");
    if (!m.heldout_loss) continue;
    if (!best || *m.heldout_loss < *best->heldout_loss) best = &m;
    last = &m;
  }
  check(!last || *last->heldout_loss < 1.05 * *best->heldout_loss, run.string(),
        ": the held-out loss was ", best ? *best->heldout_loss : 0, " at step ",
        best ? best->step : 0, " and is ", last ? *last->heldout_loss : 0,
        " now: the run is overfitting; give it more text, or fewer --steps");
  const BusiestExpert busiest = busiest_expert(all.back().expert_load);
  return text("the loss went from ", all.front().loss, " to ", all.back().loss, " in ",
              all.back().step, " steps",
              busiest.times > 0 ? text("; the busiest expert has ",
                                       std::round(10 * busiest.times) / 10, " times its share")
                                : "");
}

bool run_is_well(const fs::path& run) {
  std::cout << run.string() << "\n";
  bool well = look([&] { return saves(run); });
  if (!well) return false;
  for (const auto& part : {weights, tokenizer, training_state, text_files, curve})
    well &= look([&] { return part(run); });
  return well;
}

}  // namespace

int doctor_command(int argc, char** argv) {
  cxxopts::Options options(
      "seekling doctor",
      "Reports what is wrong with this machine or, given its folder, with a run.");
  options.add_options()("run", "the folder of a run (default: check this machine)",
                        cxxopts::value<std::string>(), "DIR");
  options.positional_help("[DIR]");
  const auto flags = parse(options, argc, argv, "run");
  const bool well =
      flags.count("run") ? run_is_well(flags["run"].as<std::string>()) : machine_is_well();
  return well ? 0 : 1;
}

}  // namespace seekling
