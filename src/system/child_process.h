// Another program, run so that it can do no harm by accident: in a process group of its own,
// with limits on its time, its memory, what it prints and what it writes. Against malice this is no
// protection: the child has the rights of its user, may read that user's files and use the network.
// Who runs code of strangers puts a container around all of this.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

struct Limits {
  double seconds = 60;         // of the clock; then it and all that it started are killed
  Index memory_mib = 4096;     // of address space, each process
  Index file_mib = 64;         // the largest file that it may write
  Index output_bytes = 65536;  // so much of stdout and stderr is kept; the rest is read and dropped
};

struct Ended {
  int exit = 0, signal = 0;  // signal: 0 if it ended by itself
  bool too_long = false;
  std::string output;  // stdout and stderr, as they came
  Index dropped = 0;   // bytes that were printed beyond output_bytes
  bool well() const { return exit == 0 && signal == 0 && !too_long; }
};

// argv[0] is looked for in PATH; stdin is empty. Error if it cannot be started.
Ended run_child(const std::vector<std::string>& argv, const std::filesystem::path& folder,
                const Limits& limits);

// How it ended, in words that follow "the program": "crashed (segmentation fault)",
// "was still running after 60 seconds".
std::string how(const Ended& ended, const Limits& limits);

}  // namespace seekling
