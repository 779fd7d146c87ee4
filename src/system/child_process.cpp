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
#include <cstring>

#include "core/check.h"

namespace seekling {

namespace {

using Clock = std::chrono::steady_clock;

void limit(int resource, Index most) {
  const rlimit limits{rlim_t(most), rlim_t(most)};
  ::setrlimit(resource, &limits);
}

// In the child, between fork and exec: only what is allowed there.
[[noreturn]] void become(char** argv, const char* folder, const Limits& limits, int output) {
  ::setpgid(0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (::chdir(folder) != 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 ||
      ::dup2(output, 2) < 0)
    ::_exit(127);
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after Ctrl-C a loop that never ends must not go on alone
#endif
  std::signal(SIGXFSZ, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, Index(64 * limits.seconds) + 1);  // of all threads; the clock stops it first
#ifndef __SANITIZE_ADDRESS__                          // which needs terabytes of addresses
  limit(RLIMIT_AS, limits.memory_mib << 20);
#endif
  limit(RLIMIT_FSIZE, limits.file_mib << 20);
  ::execvp(argv[0], argv);
  ::_exit(127);
}

// Reads until the pipe is closed, the child has ended, or it is `too_late`;
// true in the first two cases.
bool listen(int pipe, pid_t child, Clock::time_point too_late, const Limits& limits, Ended& ended) {
  char buffer[4096];
  for (;;) {
    pollfd wait{pipe, POLLIN, 0};
    const int ready = ::poll(&wait, 1, 50);
    if (ready > 0) {
      const ssize_t n = ::read(pipe, buffer, sizeof buffer);
      if (n <= 0) return true;
      const Index room = limits.output_bytes - Index(ended.output.size());
      const Index kept = std::min<Index>(n, std::max<Index>(room, 0));
      ended.output.append(buffer, std::size_t(kept));
      ended.dropped += n - kept;
    } else {
      siginfo_t info{};  // ended, though something that it started may hold the pipe open
      if (::waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid == child)
        return true;
    }
    if (Clock::now() > too_late) return false;
  }
}

}  // namespace

Ended run_child(const std::vector<std::string>& words, const std::filesystem::path& folder,
                const Limits& limits) {
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  check(::pipe(ends) == 0, words[0], ": cannot be started: ", std::strerror(errno));
  const pid_t child = ::fork();
  check(child >= 0, words[0], ": cannot be started: ", std::strerror(errno));
  if (child == 0) {
    ::close(ends[0]);
    become(argv.data(), folder.c_str(), limits, ends[1]);
  }
  ::setpgid(child, child);  // whoever comes first
  ::close(ends[1]);

  Ended ended;
  const auto too_late = Clock::now() + std::chrono::milliseconds(Index(1000 * limits.seconds));
  bool over = listen(ends[0], child, too_late, limits, ended);
  while (over) {  // it closed its output, which need not be its end
    siginfo_t info{};
    if (::waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == child)
      break;
    over = Clock::now() <= too_late;
    ::usleep(2000);
  }
  ended.too_long = !over;
  ::kill(-child, SIGKILL);  // the child if it still runs, and whatever it left behind
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  ended.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  check(ended.exit != 127, words[0], ": cannot be started; is it installed?");
  return ended;
}

std::string how(const Ended& ended, const Limits& limits) {
  if (ended.too_long)
    return text("was still running after ", limits.seconds,
                " seconds and was stopped: does a loop never end?");
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
