// Another program, run so that it can do no harm by accident: in a process group of its own,
// with limits on its time, its memory, its processes, its output and its files. All that it
// started ends with it. The program of a stranger is also confined, as far as the kernel can do it
// (confinement.h).
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
  Index processes = 512;       // and threads, at one time
  Index total_mib = 256;       // of all files in its folder together, if it is confined
};

// Of the program of a stranger, which writes only to its folder, and of the compiler of his source.
struct Confined {
  std::vector<std::filesystem::path> may_read;
  bool apart = true;  // in namespaces, and all files in its folder are measured
};

struct Ended {
  int exit = 0, signal = 0;                                   // signal: 0 if it ended by itself
  bool too_long = false, too_many = false, too_full = false;  // of the limits; then it is killed
  std::string output;                                         // stdout and stderr, as they came
  Index dropped = 0;  // bytes that were printed beyond output_bytes
  bool well() const { return exit == 0 && signal == 0; }
};

// argv[0] is looked for in PATH; stdin is empty. Error if it cannot be started. The caller has no
// other children: at the end every process that descends from the caller is killed.
Ended run_child(const std::vector<std::string>& argv, const std::filesystem::path& folder,
                const Limits& limits, const Confined* confined = nullptr);

// How it ended, in words that follow "the program": "crashed (segmentation fault)",
// "was still running after 60 seconds".
std::string how(const Ended& ended, const Limits& limits);

}  // namespace seekling
