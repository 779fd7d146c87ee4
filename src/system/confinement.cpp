#include "system/confinement.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <csignal>
#include <cstdint>
#include <string>

namespace seekling {

namespace fs = std::filesystem;

#ifdef __linux__

namespace {

// Linux's include/uapi/linux/landlock.h, which older systems do not have.
struct Ruleset {
  std::uint64_t files, network, scope;
};
struct [[gnu::packed]] Beneath {
  std::uint64_t allowed;
  std::int32_t folder;
};
constexpr long kCreate = 444, kAdd = 445, kRestrict = 446;  // numbers of system calls
constexpr std::uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2,
                        kReadFolder = 1 << 3, kOfFirstVersion = (1 << 13) - 1, kTruncate = 1 << 14;
constexpr std::uint64_t kReads = kExecute | kReadFile | kReadFolder;

long landlock_version() { return ::syscall(kCreate, nullptr, 0, 1); }

std::uint64_t all_rights(long version) {
  if (version >= 3) return (1 << 15) - 1;  // with moves between folders and truncation
  return version >= 2 ? (1 << 14) - 1 : kOfFirstVersion;  // with moves between folders
}

void allow(int rules, const fs::path& path, std::uint64_t rights) {
  const int at = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (at < 0) return;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) rights &= kExecute | kWriteFile | kReadFile | kTruncate;
  const Beneath rule{rights, at};
  ::syscall(kAdd, rules, 1, &rule, 0);
  ::close(at);
}

void write_to(const char* path, const char* text, std::size_t n) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  [[maybe_unused]] const ssize_t written = ::write(file, text, n);
  ::close(file);
}

constexpr int kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

// The user keeps the same number inside. The texts are made before the fork, because nothing may be
// allocated after it.
struct SameUser {
  std::string user = std::to_string(::geteuid()) + " " + std::to_string(::geteuid()) + " 1";
  std::string group = std::to_string(::getegid()) + " " + std::to_string(::getegid()) + " 1";
  void enter() const {
    write_to("/proc/self/setgroups", "deny", 4);
    write_to("/proc/self/uid_map", user.data(), user.size());
    write_to("/proc/self/gid_map", group.data(), group.size());
  }
};

}  // namespace

Containment containment() {
  static const Containment found = [] {
    const bool spaces = [] {
      const long child = ::syscall(SYS_clone, kNamespaces | SIGCHLD, nullptr, nullptr, nullptr, 0);
      if (child == 0) ::_exit(0);
      if (child > 0) ::waitpid(pid_t(child), nullptr, 0);
      return child > 0;
    }();
    return Containment{.files = landlock_version() >= 1, .network = spaces, .processes = spaces};
  }();
  return found;
}

FileRules::FileRules(const std::vector<fs::path>& may_read, const fs::path& may_write)
    : rules_(-1) {
  const long version = landlock_version();
  if (version < 1) return;
  const Ruleset set{
      .files = all_rights(version),
      .network = version >= 4 ? std::uint64_t(3) : 0,  // listening and connecting
      .scope = version >= 6 ? std::uint64_t(3) : 0};   // other programs' sockets, signals
  rules_ = int(::syscall(kCreate, &set, sizeof set, 0));
  if (rules_ < 0) return;
  for (const char* folder : {"/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/nix", "/sys"})
    allow(rules_, folder, kReads);
  allow(rules_, "/proc", kReads);
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/full"})
    allow(rules_, device, kReadFile | kWriteFile);
  for (const fs::path& path : may_read) allow(rules_, path, kReads);
  allow(rules_, may_write, all_rights(version));
}

FileRules::~FileRules() {
  if (rules_ >= 0) ::close(rules_);
}

void FileRules::enter() const {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (rules_ >= 0 && ::syscall(kRestrict, rules_, 0) != 0) ::_exit(127);
}

pid_t fork_contained() {
  const SameUser same_user;
  if (!containment().processes) return ::fork();
  const long child = ::syscall(SYS_clone, kNamespaces | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) same_user.enter();
  return child >= 0 ? pid_t(child) : ::fork();
}

#else

Containment containment() { return {}; }
FileRules::FileRules(const std::vector<fs::path>&, const fs::path&) : rules_(-1) {}
FileRules::~FileRules() = default;
void FileRules::enter() const {}
pid_t fork_contained() { return ::fork(); }

#endif

std::string containment_in_words() {
  const Containment c = containment();
  std::string words = "On this machine the programs of a submission ";
  words += c.files
               ? "read only the system's files (/usr, /etc, /proc, ...) and the project's tests "
                 "and data, and write only to a folder that is removed; the compiler reads only "
                 "the system's files and the project"
               : "CAN READ AND WRITE ALL OF YOUR FILES, and a submission can make the compiler "
                 "read them "
                 "(this kernel has no Landlock)";
  words += c.network ? "; have no network" : "; CAN USE THE NETWORK (no namespaces here)";
  words += c.processes
               ? "; and see no other processes, and everything that they start ends with them."
               : "; and CAN SEE AND SIGNAL YOUR OTHER PROCESSES.";
  return words;
}

}  // namespace seekling
