// A file for data that does not fit in memory, with random access. It is usually deleted with its
// object. The operating system caches the parts in use.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/real.h"

namespace seekling {

class DiskFile {
 public:
  // stays: existing contents are kept, and the file outlives its object.
  explicit DiskFile(std::filesystem::path path, bool stays = false);
  ~DiskFile();
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  // Errors carry the path and the system's reason (a full disk among them). Both may be called from
  // several threads.
  void write(const void* bytes, std::size_t n, std::uint64_t at);
  std::size_t read(void* bytes, std::size_t n, std::uint64_t at) const;  // fewer at the end
  void read_all(void* bytes, std::size_t n, std::uint64_t at) const;     // Error for fewer
  void flush();  // through to the disk: what was written survives a power cut

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
