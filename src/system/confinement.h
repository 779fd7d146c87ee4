// Confines a process to the files that it needs, without network or other processes, as far as
// Linux supports it: by Landlock and namespaces, which need no privileges.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace seekling {

// The parts that the kernel of this machine has.
struct Containment {
  bool files = false;    // Landlock: the process reads and writes only below given folders
  bool network = false;  // a network namespace: there is no network
  // A process namespace: the process sees no others, and all that it starts end with it.
  bool processes = false;
};

Containment containment();

// A sentence for a help text: the things that programs of strangers cannot do here, and can.
std::string containment_in_words();

// The files that a process may reach.
class FileRules {
 public:
  // Everything below `may_read`, the system's own folders, and `may_write`, also for writing. Paths
  // that are not there are left out.
  FileRules(const std::vector<std::filesystem::path>& may_read,
            const std::filesystem::path& may_write);
  ~FileRules();
  FileRules(const FileRules&) = delete;
  FileRules& operator=(const FileRules&) = delete;

  // In the process itself, between fork and exec: from here on the rules hold, also for the
  // processes that it starts. Without Landlock this does nothing.
  void enter() const;

 private:
  int rules_;
};

// fork() into namespaces of its own, if the kernel gives some: then the child is the first process
// of its namespace, and its end is the end of all that it starts.
pid_t fork_contained();

}  // namespace seekling
