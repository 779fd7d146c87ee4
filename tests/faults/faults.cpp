// Every command that writes, with a fault at each of its file-system calls (shim.cpp). After each
// fault the folder must hold the old output or the new one, and the same command, or a resume,
// must then end as if nothing had happened, to the byte.
//
//   faults [--every K] [--kinds LIST] [--commands LIST] [--kills N [--seed S]]
//
// prints the table of faults, commands and outcomes, and exits with 1 if a promise was broken. With
// --kills there are N kills of each command, at random moments, in place of the faults.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "cli/program.h"
#include "report/metrics.h"
#include "system/atomic_save.h"
#include "train/checksums.h"

namespace seekling {

namespace {

const Words kKinds = {"eio", "full", "short", "kill", "torn", "power", "reorder", "alloc"};

struct Command {
  std::string name;
  std::vector<Words> setup;  // makes the old output, and what the command reads
  Words words;
  std::string output;  // a file or a folder
  Index steps = 0;     // at the end, if it trains

  bool trains() const { return steps > 0; }
};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A run ends after so many steps.
std::vector<Command> commands(Index steps) {
  const Words run = small_run("a", {"--threads", "1", "--steps"});
  const Words make = {"data", "make", "--out", "w", "--documents", "12", "--questions", "2"};
  const Words learn = {
      "tokenizer", "train",       std::string(SEEKLING_GOLDEN) + "/tok_v3/corpus.txt",
      "--threads", "1",           "--out",
      "t.json",    "--vocab-size"};
  const Words model = with(run, {"1"});
  const Words gguf = {"export", "a", "--gguf", "--out", "a.gguf", "--threads", "1"};
  // Of the stages that put documents aside on the disk; two threads read them back
  const auto stage = [](const Words& words, const Words& input) {
    return with(with({"data"}, words), with({"--out", "d", "--threads", "2"}, input));
  };
  const Words old = {"w/heldout.jsonl"}, twice = {"w/train.jsonl", "w/train.jsonl"};
  const Words dedup = {"dedup", "--lines", "20"}, clean = {"clean", "--lines", "20"};
  const Words village = {"data", "make", "--out", "w", "--documents", "60", "--questions", "2"};
  const Words quality = {
      "data",   "quality",   "--good", "w/train.jsonl", "--bad", "w/heldout.jsonl", "--out",
      "q.json", "--threads", "2",      "--seed"};
  const Words mix = {"mix", "--epochs", "2"};
  const Words pack = {"pack", "--tokenizer", std::string(SEEKLING_GOLDEN) + "/tok_v3"};
  return {
      {"train", {}, with(run, {text(steps), "--save-every", "2"}), "a", steps},
      {"train --resume",
       {with(run, {"2"})},
       {"train", "--resume", "a", "--steps", text(steps), "--save-every", "1", "--threads", "1"},
       "a",
       steps},
      {"export", {model}, {"export", "a", "--out", "e", "--threads", "1"}, "e"},
      {"export --gguf", {model}, gguf, "a.gguf"},
      {"import", {model, gguf}, {"import", "a.gguf", "--out", "i", "--threads", "1"}, "i"},
      {"tokenizer train", {with(learn, {"300"})}, with(learn, {"320"}), "t.json"},
      {"data make", {with(make, {"--seed", "2"})}, with(make, {"--seed", "1"}), "w"},
      {"data dedup", {make, stage(dedup, old)}, stage(dedup, twice), "d"},
      {"data dedup --resume",
       {make, stage(dedup, old)},
       stage(with(dedup, {"--resume", "--save-every", "0"}), twice),
       "d"},
      {"data clean", {make, stage(clean, old)}, stage(clean, twice), "d"},
      {"data quality", {village, with(quality, {"1"})}, with(quality, {"2"}), "q.json"},
      {"data mix",
       {make, stage(mix, {"w/heldout.jsonl=1"})},
       stage(mix, {"w/train.jsonl=2", "w/heldout.jsonl=1"}),
       "d"},
      {"data pack", {make, stage(pack, old)}, stage(pack, {"w/train.jsonl"}), "d"},
  };
}

// The files of an output, without what is set aside while they are written.
using Snapshot = std::map<std::string, std::string>;

Snapshot snapshot(const fs::path& output) {
  Snapshot files;
  if (fs::is_regular_file(output)) files[""] = read_file(output);
  if (!fs::is_directory(output)) return files;
  recover(output);  // as every reader does
  for (const auto& entry : fs::directory_iterator(output)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && !name.ends_with(".tmp")) files[name] = read_file(entry.path());
  }
  return files;
}

// The checkpoint of a run, whose other files hold times.
Snapshot checkpoint(const fs::path& run) {
  Snapshot all = snapshot(run);
  for (const char* name : {"metrics.jsonl", "report.html"}) all.erase(name);
  return all;
}

// What a look finds wrong.
template <class Look>
std::string reason(const Look& look) {
  try {
    return look();
  } catch (const std::exception& e) {
    return e.what();
  }
}

class Harness {
 public:
  explicit Harness(fs::path folder) : work_(std::move(folder)) { fs::remove_all(work_); }
  ~Harness() { fs::remove_all(work_); }

  void examine(const Command& command, const Words& kinds, long every);
  void kill_at_random(const Command& command, long times, std::mt19937_64& random);
  bool well() const { return faults_ == 0; }

 private:
  struct Outcomes {
    long tried = 0, done = 0, said = 0, killed = 0, aborted = 0, old_output = 0, new_output = 0,
         faults = 0;
  };

  Ran run(const Words& words, const std::string& fault = "") const;
  void prepare(const Command& command) const;
  void learn(const Command& command, const std::string& fault);
  bool begun(const Command& command) const;
  Words next_words(const Command& command) const;
  void try_fault(const Command& command, const std::string& kind, long number, Outcomes& outcomes);
  void fail(const Command& command, const std::string& fault, const std::string& why);
  std::string look_after(const Command& command, Outcomes& outcomes) const;
  std::string look_at_run(const Command& command, Outcomes& outcomes) const;
  std::string look_at_weights(const Command& command) const;
  static void print(const Command& command, const std::string& kind, const Outcomes& outcomes);

  const fs::path work_;
  Snapshot before_, after_;
  std::chrono::microseconds duration_{};  // of the command without a fault
  long calls_ = 0, allocations_ = 0, faults_ = 0;
};

Ran Harness::run(const Words& words, const std::string& fault) const {
  if (!fault.empty()) {
    ::setenv("LD_PRELOAD", SEEKLING_SHIM, 1);
    ::setenv("SEEKLING_FAULT", fault.c_str(), 1);
    ::setenv("SEEKLING_FAULT_COUNT", (work_ / ".count").c_str(), 1);
  }
  Started program(work_, words);
  for (const char* name : {"LD_PRELOAD", "SEEKLING_FAULT", "SEEKLING_FAULT_COUNT"})
    ::unsetenv(name);
  return program.wait();
}

// The folder as it is before the command.
void Harness::prepare(const Command& command) const {
  const fs::path ready = work_.string() + ".ready";
  fs::remove_all(work_);
  if (!fs::exists(ready)) {
    fs::create_directories(work_);
    for (const Words& words : command.setup) {
      const Ran ran = run(words);
      check(ran.exit == 0, command.name, ": the setup failed: ", ran.err);
    }
    fs::rename(work_, ready);
  }
  fs::copy(ready, work_, fs::copy_options::recursive);
}

void Harness::fail(const Command& command, const std::string& fault, const std::string& why) {
  ++faults_;
  std::printf("FAULT  %s, %s: %s\n", command.name.c_str(), fault.c_str(), why.c_str());
  std::fflush(stdout);
}

// Whether there is a run to be continued.
bool Harness::begun(const Command& command) const {
  const fs::path run_folder = work_ / command.output;
  return command.trains() &&
         (fs::exists(run_folder / "trainer_state.json") || fs::exists(run_folder / ".commit"));
}

// What its user types after a fault.
Words Harness::next_words(const Command& command) const {
  return begun(command) ? Words{"train",
                                "--resume",
                                "a",
                                "--threads",
                                "1",
                                "--steps",
                                text(command.steps),
                                "--save-every",
                                "1"}
                        : command.words;
}

std::string Harness::look_at_weights(const Command& command) const {
  if (!begun(command)) return before_.empty() ? "" : "the run is gone";
  recover(work_ / command.output);
  const TrainerState state = read_trainer_state(work_ / command.output);
  check_checksums(work_ / command.output, state);
  return state.checksums.empty() ? "the state has no checksums" : "";
}

// What is wrong with a run after a fault; empty if nothing is.
std::string Harness::look_at_run(const Command& command, Outcomes& outcomes) const {
  const fs::path run_folder = work_ / command.output;
  if (!begun(command) || checkpoint(run_folder) == before_) ++outcomes.old_output;
  else ++outcomes.new_output;
  if (const std::string why = look_at_weights(command); !why.empty()) return why;
  const Ran again = run(next_words(command));
  if (again.exit != 0) return "it cannot be continued: " + again.err;
  for (const char* name : {"model.safetensors", "optimizer.safetensors"})
    if (read_file(run_folder / name) != after_.at(name)) return text(name, " differs in the end");
  if (!read_file(run_folder / "metrics.jsonl").ends_with('\n'))
    return "metrics.jsonl ends in half a line";
  const std::vector<StepMetrics> metrics = read_metrics(run_folder / "metrics.jsonl");
  for (Index step = 1; step <= command.steps; ++step)
    if (Index(metrics.size()) != command.steps || metrics[std::size_t(step - 1)].step != step)
      return "metrics.jsonl does not hold each step once";
  return "";
}

std::string Harness::look_after(const Command& command, Outcomes& outcomes) const {
  if (command.trains()) return look_at_run(command, outcomes);
  const Snapshot found = snapshot(work_ / command.output);
  if (found == after_) ++outcomes.new_output;
  else if (found == before_) ++outcomes.old_output;
  else return "the output is neither the old one nor the new one";
  if (found == after_) return "";
  const Ran again = run(command.words);
  if (again.exit != 0) return "it cannot be repeated: " + again.err;
  return snapshot(work_ / command.output) == after_ ? "" : "repeated, its output differs";
}

void Harness::try_fault(const Command& command, const std::string& kind, long number,
                        Outcomes& outcomes) {
  const std::string fault = text(kind, ":", number);
  prepare(command);
  const Ran ran = run(command.words, fault);
  ++outcomes.tried;
  const std::size_t line = ran.err.rfind("seekling: ");
  // The JSON library's destructor allocates, and cannot throw
  const bool aborted = kind == "alloc" && ran.exit == -SIGABRT;
  const bool sentence = (ran.exit == 1 || ran.exit == 2) && line != ran.err.npos;
  if (ran.exit == 0) ++outcomes.done;
  else if (sentence) ++outcomes.said;
  else if (ran.exit == -SIGKILL) ++outcomes.killed;
  else if (aborted) ++outcomes.aborted;
  std::string why = reason([&] { return look_after(command, outcomes); });
  if (ran.exit != 0 && !sentence && ran.exit != -SIGKILL && !aborted)
    why = text("it ended with ", ran.exit, ": ", ran.err, why);
  if (why.empty()) return;
  ++outcomes.faults;
  fail(command, fault, why);
}

// The folder before the command, and after it where nothing fails.
void Harness::learn(const Command& command, const std::string& fault) {
  fs::remove_all(work_.string() + ".ready");
  prepare(command);
  const auto look = [&] {
    return command.trains() ? checkpoint(work_ / command.output) : snapshot(work_ / command.output);
  };
  before_ = look();
  const auto start = std::chrono::steady_clock::now();
  const Ran ran = run(command.words, fault);
  duration_ = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  check(ran.exit == 0, command.name, ": fails without a fault: ", ran.err);
  after_ = look();
}

void Harness::print(const Command& command, const std::string& kind, const Outcomes& o) {
  std::printf("| %-15s | %-7s | %5ld | %5ld | %5ld | %5ld | %5ld | %5ld | %5ld | %5ld |\n",
              command.name.c_str(), kind.c_str(), o.tried, o.done, o.said, o.killed, o.aborted,
              o.old_output, o.new_output, o.faults);
  std::fflush(stdout);
}

// Each kind of fault at each call.
void Harness::examine(const Command& command, const Words& kinds, long every) {
  learn(command, "count:0");
  std::istringstream(read_file(work_ / ".count")) >> calls_ >> allocations_;
  for (const std::string& kind : kinds) {
    Outcomes o;
    const bool memory =
        kind == "alloc";  // of tens of thousands, a hundred further and further apart
    const double growth = 1 + std::log(double(allocations_)) / 100;
    for (long n = 1; n <= (memory ? allocations_ : calls_);
         n = memory ? std::max(n + every, long(double(n) * growth)) : n + every)
      try_fault(command, kind, n, o);
    print(command, kind, o);
  }
  fs::remove_all(work_.string() + ".ready");
}

// One to three kills at random moments, each of the command or of the resume after the kill before
// it; then a look, as after a fault; and so on. The last of a series may come too late.
void Harness::kill_at_random(const Command& command, long times, std::mt19937_64& random) {
  learn(command, "");
  Outcomes o;
  while (o.killed < times) {
    prepare(command);
    std::string why;
    for (long left = 1 + long(random() % 3); left > 0 && o.killed < times && why.empty(); --left) {
      Started program(work_, next_words(command));
      std::this_thread::sleep_for(
          std::chrono::microseconds(std::int64_t(random() % std::uint64_t(duration_.count()))));
      program.signal(SIGKILL);
      const Ran ran = program.wait();
      ++o.tried;
      if (ran.exit == 0) ++o.done;
      else if (ran.exit == -SIGKILL) ++o.killed;
      else why = text("it ended with ", ran.exit, ": ", ran.err);
      if (ran.exit == 0) break;
      if (why.empty() && command.trains()) why = reason([&] { return look_at_weights(command); });
      // What is whole is not made again; import would refuse
      if (!command.trains() && snapshot(work_ / command.output) == after_) break;
    }
    if (why.empty()) why = reason([&] { return look_after(command, o); });
    if (why.empty()) continue;
    ++o.faults;
    fail(command, text("kill ", o.killed), why);
  }
  print(command, "random", o);
  fs::remove_all(work_.string() + ".ready");
}

Words parts_of(const std::string& list) {
  Words parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

int run_all(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  const auto chosen = [&](const std::string& flag, const std::string& name) {
    return !flags.contains(flag) || std::ranges::count(parts_of(flags[flag]), name) > 0;
  };
  const long every = flags.contains("--every") ? std::stol(flags["--every"]) : 1;
  Words kinds;
  std::ranges::copy_if(kKinds, std::back_inserter(kinds),
                       [&](const std::string& kind) { return chosen("--kinds", kind); });
  const long kills = flags.contains("--kills") ? std::stol(flags["--kills"]) : 0;
  const std::uint64_t seed = flags.contains("--seed") ? std::stoull(flags["--seed"]) : 1;
  std::mt19937_64 random(seed);
  Harness harness(fs::temp_directory_path() / text("seekling_faults_", ::getpid()));
  std::printf(
      "| command         | fault   | tried |  done | sentence | killed | aborted | old | new | "
      "FAULTS |\n| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n");
  for (const Command& command : commands(kills > 0 ? 40 : 4)) {
    if (!chosen("--commands", command.name)) continue;
    if (kills > 0) harness.kill_at_random(command, kills, random);
    else harness.examine(command, kinds, every);
  }
  return harness.well() ? 0 : 1;
}

}  // namespace

}  // namespace seekling

int main(int argc, char** argv) {
  try {
    return seekling::run_all(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "faults: %s\n", e.what());
    return 2;
  }
}
