#include "system/child_process.h"

#include <fcntl.h>
#include <poll.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>

#include "core/check.h"
#include "system/confinement.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

// All processes that a process has started, and those that these have started.
std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const pid_t process = pid_t(std::atol(entry.path().filename().c_str()));
    if (process <= 0) continue;
    std::ifstream in(entry.path() / "stat");  // "77 (name) S 1 ...", where 1 is the parent
    std::string stat;
    std::getline(in, stat, '\0');  // nothing, if the process has ended since: its file is an error
    const std::size_t name_end = stat.rfind(')');
    if (name_end != stat.npos && name_end + 4 < stat.size())
      children.emplace(pid_t(std::atol(stat.c_str() + name_end + 4)), process);
  }
  std::vector<pid_t> all{ancestor};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [begin, end] = children.equal_range(all[i]);
    for (auto child = begin; child != end; ++child) all.push_back(child->second);
  }
  all.erase(all.begin());
  return all;
}

Index bytes_below(const fs::path& folder) {
  Index bytes = 0;
  std::error_code ignored;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(folder, options, ignored); at != fs::end(at);
       at.increment(ignored)) {
    if (ignored) break;
    const auto size = at->is_regular_file(ignored) ? at->file_size(ignored) : 0;
    if (size != std::uintmax_t(-1)) bytes += Index(size);
  }
  return bytes;
}

void limit(int resource, Index most) {
  const rlimit limits{rlim_t(most), rlim_t(most)};
  ::setrlimit(resource, &limits);
}

struct Start {
  char** argv;
  const char* folder;
  const Limits& limits;
  const FileRules* rules;  // nullptr: not confined
  bool apart;              // in a namespace of its own
  int output;
};

// In the child, between fork and exec: only what is allowed there.
[[noreturn]] void become(const Start& start) {
  const Limits& limits = start.limits;
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (::chdir(start.folder) != 0 || ::dup2(nothing, 0) < 0 || ::dup2(start.output, 1) < 0 ||
      ::dup2(start.output, 2) < 0)
    ::_exit(127);
  std::signal(SIGXFSZ, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, Index(64 * limits.seconds) + 1);  // of all threads; the clock stops it first
#ifndef __SANITIZE_ADDRESS__                          // which needs terabytes of addresses
  limit(RLIMIT_AS, limits.memory_mib << 20);
#endif
  limit(RLIMIT_FSIZE, limits.file_mib << 20);
  if (start.apart) limit(RLIMIT_NPROC, limits.processes);  // of the namespace
  if (start.rules) start.rules->enter();
  ::execvp(start.argv[0], start.argv);
  ::_exit(127);
}

// The first process of a namespace: takes no signals that it does not handle, so it is not the
// program itself. It hands on how that ended; when it ends, the kernel ends all others.
[[noreturn]] void be_first(const Start& start, int status_to) {
  const pid_t program = ::fork();
  if (program == 0) become(start);
  int status = 127 << 8;
  if (program > 0)
    for (int of_one = 0; const pid_t ended = ::wait(&of_one);) {
      if (ended != program && (ended > 0 || errno == EINTR)) continue;
      if (ended == program) status = of_one;
      break;
    }
  [[maybe_unused]] const ssize_t told = ::write(status_to, &status, sizeof status);
  ::_exit(0);
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == child;
}

// Watches a child: what it prints, and whether it keeps to its limits.
class Watch {
 public:
  // folder: whose files are measured; empty: none
  Watch(pid_t child, int pipe, fs::path folder, const Limits& limits, Ended& ended)
      : child_(child), pipe_(pipe), folder_(std::move(folder)), limits_(limits), ended_(ended),
        too_late_(Clock::now() + std::chrono::milliseconds(Index(1000 * limits.seconds))) {}

  // Until it ends or breaks a limit.
  void watch() {
    bool open = true;
    while (!breaks_a_limit() && !(has_ended(child_) && !(open && readable()))) {
      if (!open) ::usleep(2000);
      else if (readable(50)) open = listen();
    }
  }

 private:
  bool readable(int milliseconds = 0) const {
    pollfd wait{pipe_, POLLIN, 0};
    return ::poll(&wait, 1, milliseconds) > 0;
  }

  bool listen() {  // false: its output is closed, which need not be its end
    char buffer[4096];
    const ssize_t n = ::read(pipe_, buffer, sizeof buffer);
    if (n <= 0) return false;
    const Index room = limits_.output_bytes - Index(ended_.output.size());
    const Index kept = std::min<Index>(n, std::max<Index>(room, 0));
    ended_.output.append(buffer, std::size_t(kept));
    ended_.dropped += n - kept;
    return true;
  }

  bool breaks_a_limit() {
    if (Clock::now() > too_late_) return ended_.too_long = true;
    if (Clock::now() < next_look_) return false;
    next_look_ = Clock::now() + std::chrono::milliseconds(200);
    if (Index(descendants_of(child_).size()) > limits_.processes) return ended_.too_many = true;
    return ended_.too_full = !folder_.empty() && bytes_below(folder_) > limits_.total_mib << 20;
  }

  const pid_t child_;
  const int pipe_;
  const fs::path folder_;
  const Limits& limits_;
  Ended& ended_;
  const Clock::time_point too_late_;
  Clock::time_point next_look_ = Clock::now();
};

// Kills a child and all that it started, also where that left its process group. A stopped process
// starts no others.
void kill_all(pid_t child) {
  ::kill(-child, SIGKILL);
  ::kill(child, SIGKILL);
  for (std::vector<pid_t> left; !(left = descendants_of(::getpid())).empty();) {
    std::erase(left, child);  // its status is still wanted
    if (left.empty()) break;
    for (const pid_t process : left) ::kill(process, SIGSTOP);
    for (const pid_t process : left) ::kill(process, SIGKILL);
    for (const pid_t process : left) ::waitpid(process, nullptr, WNOHANG);
    ::usleep(1000);
  }
}

}  // namespace

Ended run_child(const std::vector<std::string>& words, const fs::path& folder, const Limits& limits,
                const Confined* confined) {
  // All that a child needs: between fork and exec nothing may be allocated
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::optional<FileRules> rules;
  if (confined) rules.emplace(confined->may_read, folder);
  const bool apart = confined && confined->apart, first = apart && containment().processes;

  // Pipes for its output and, if it is first in a namespace, for its exit status
  int output[2], status_pipe[2];
  check(::pipe(output) == 0 && ::pipe2(status_pipe, O_CLOEXEC) == 0, words[0],
        ": cannot be started: ", std::strerror(errno));
#ifdef __linux__
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what a child leaves behind becomes ours, and is found
#endif

  // The child
  const Start start{argv.data(), folder.c_str(), limits, rules ? &*rules : nullptr,
                    first,       output[1]};
  const pid_t child = apart ? fork_contained() : ::fork();
  check(child >= 0, words[0], ": cannot be started: ", std::strerror(errno));
  if (child == 0) {
    ::close(output[0]);
    ::setsid();  // a process group of its own, without a terminal
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after Ctrl-C a loop that never ends must not remain
#endif
    if (first) be_first(start, status_pipe[1]);
    become(start);
  }
  ::close(output[1]);
  ::close(status_pipe[1]);

  // Its life and its end
  Ended ended;
  Watch(child, output[0], apart ? folder : "", limits, ended).watch();
  kill_all(child);
  ::close(output[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (first && ::read(status_pipe[0], &status, sizeof status) != sizeof status) status = SIGKILL;
  ::close(status_pipe[0]);
  ended.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  check(ended.exit != 127, words[0], ": cannot be started; is it installed?");
  return ended;
}

std::string how(const Ended& ended, const Limits& limits) {
  if (ended.too_long)
    return text("was still running after ", limits.seconds,
                " seconds and was stopped: is there an endless loop?");
  if (ended.too_many)
    return text("ran more than ", limits.processes, " processes at a time and was stopped");
  if (ended.too_full)
    return text("wrote more than ", limits.total_mib, " MiB of files and was stopped");
  if (ended.signal == SIGXFSZ)
    return text("wrote a file larger than ", limits.file_mib, " MiB and was stopped");
  if (ended.signal != 0) {
    std::string name = ::strsignal(ended.signal);
    name[0] = char(std::tolower(name[0]));
    return "crashed (" + name + ")";
  }
  return text("ended with exit code ", ended.exit);
}

}  // namespace seekling
