// The built program, run as its users run it: words in, an exit code, stdout and stderr out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

struct Ran {
  int exit = 0;  // the exit code, or minus the signal that ended it
  std::string out, err;
};

// A started program. Its output goes to files, so that a child killed in the middle
// has left what it said.
class Started {
 public:
  Started(const fs::path& folder, const Words& words, const std::string& input = "")
      : out(folder / ".stdout"), err(folder / ".stderr") {
    const fs::path in = folder / ".stdin";
    write_file(in, input);
    std::vector<char*> argv;
    Words all{SEEKLING_PROGRAM};
    all.insert(all.end(), words.begin(), words.end());
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid = ::fork();
    if (pid != 0) return;
    ::setenv("OMP_WAIT_POLICY", "passive", 0);  // many programs run at once
    const bool ready = ::chdir(folder.c_str()) == 0 && to(0, in, O_RDONLY) &&
                       to(1, out, O_WRONLY | O_CREAT | O_TRUNC) &&
                       to(2, err, O_WRONLY | O_CREAT | O_TRUNC);
    if (ready) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Started() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    wait();
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  void signal(int number) const { ::kill(pid, number); }
  bool running() const {  // without taking its exit code
    siginfo_t info{};
    return ::waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
  }
  std::string said_so_far() const { return said(out); }
  Ran wait() {
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), said(out), said(err)};
  }

 private:
  static std::string said(const fs::path& path) {
    return fs::is_regular_file(path) ? read_file(path) : "";
  }
  static bool to(int descriptor, const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), flags, 0600);
    return file >= 0 && ::dup2(file, descriptor) >= 0;
  }

  fs::path out, err;
  pid_t pid = 0;
};

// A test with a folder of its own, in which the program runs.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  ~ProgramTest() override { fs::remove_all(folder); }

  Ran run(const Words& words, const std::string& input = "") const {
    return Started(folder, words, input).wait();
  }

  // The same where nothing but success is expected; gives stdout.
  std::string out_of(const Words& words, const std::string& input = "") const {
    const Ran ran = run(words, input);
    EXPECT_EQ(ran.exit, 0) << testing::PrintToString(words) << "\n" << ran.err;
    return ran.out;
  }

  // The exit code, nothing on stdout, and one sentence on stderr.
  void expect_refused(const Words& words, int exit, const std::string& sentence,
                      const std::string& input = "") const {
    const Ran ran = run(words, input);
    EXPECT_EQ(ran.exit, exit) << testing::PrintToString(words);
    EXPECT_EQ(ran.out, "") << testing::PrintToString(words);
    EXPECT_EQ(ran.err, "seekling: " + sentence + "\n");
  }

  static std::string golden(const std::string& path) {
    return std::string(SEEKLING_GOLDEN) + "/" + path;
  }

  const fs::path folder = fs::temp_directory_path() / text("seekling_cli_", ::getpid());
};

// What makes a model that trains in an instant, on a text of 33 kB.
inline Words small_run(const std::string& out, const Words& more = {}) {
  const std::string golden = SEEKLING_GOLDEN;
  Words words{"train",
              "--out",
              out,
              "--data",
              golden + "/tok_v3/corpus.txt",
              "--tokenizer",
              golden + "/tok_v3/tokenizer.json",
              "--vocab-size",
              "700",
              "--hidden-size",
              "32",
              "--num-hidden-layers",
              "2",
              "--num-attention-heads",
              "2",
              "--kv-lora-rank",
              "16",
              "--qk-nope-head-dim",
              "16",
              "--qk-rope-head-dim",
              "8",
              "--v-head-dim",
              "16",
              "--intermediate-size",
              "64",
              "--moe-intermediate-size",
              "16",
              "--n-routed-experts",
              "4",
              "--set",
              "max_position_embeddings=128",
              "--batch-size",
              "4",
              "--seq-len",
              "32",
              "--warmup-steps",
              "5",
              "--sample-every",
              "0",
              "--eval-every",
              "0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace seekling
