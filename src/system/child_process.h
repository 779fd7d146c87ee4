// Runs another program so that it can do no accidental harm: in a separate process group, with
// limits on its time, memory, processes, output and files. All processes that it started end with
// it. A stranger's program is also confined, as far as the kernel supports it (confinement.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

struct Limits {
  double seconds = 60;         // wall-clock time; then it and its descendants are killed
  Index memory_mib = 4096;     // of address space, each process
  Index file_mib = 64;         // the largest file that it may write
  Index output_bytes = 65536;  // of stdout and stderr that are kept; the rest is discarded
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
