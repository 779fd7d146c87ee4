// A file for numbers and bytes that do not fit in memory: read and written anywhere, and mostly gone
// with its object. The operating system caches what is in use.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/real.h"

namespace seekling {

class DiskFile {
 public:
  // stays: what is in the file is kept, and the file outlives its object.
  explicit DiskFile(std::filesystem::path path, bool stays = false);
  ~DiskFile();
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  // Errors carry the path and the system's reason (a full disk among them). Both may be called from
  // several threads.
  void write(const void* bytes, std::size_t n, std::uint64_t at);
  std::size_t read(void* bytes, std::size_t n, std::uint64_t at) const;  // fewer at the end

 private:
  const std::filesystem::path path;
  const bool stays;
  int file;
};

// A number for each document, 0 until it is set.
class DiskNumbers {
 public:
  explicit DiskNumbers(const std::filesystem::path& path) : file(path) {}

  std::uint64_t at(Index i) const {
    std::uint64_t number = 0;
    file.read(&number, sizeof number, std::uint64_t(i) * sizeof number);
    return number;
  }
  void set(Index i, std::uint64_t number) {
    file.write(&number, sizeof number, std::uint64_t(i) * sizeof number);
  }

 private:
  DiskFile file;
};

}  // namespace seekling
