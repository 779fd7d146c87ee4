// A fuzz target's input as a file, for readers that take a path. It is gone when this is.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.h"

namespace seekling {

class ScratchFile {
 public:
  ScratchFile(const std::uint8_t* data, std::size_t size, const char* ending)
      : path(std::filesystem::temp_directory_path() /
             text("seekling_fuzz_", std::uint64_t(::getpid()), ending)) {
    std::ofstream(path, std::ios::binary) << as_text(data, size) << std::flush;
  }
  ~ScratchFile() { std::filesystem::remove(path); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::filesystem::path path;
};

}  // namespace seekling
