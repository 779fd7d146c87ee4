// A file's bytes, read-only. The operating system reads a page when it is first touched, so a file
// may be larger than the machine's memory.
#pragma once

#include <filesystem>
#include <string_view>

namespace seekling {

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data, size}; }  // valid as long as this object

 private:
  const char* data = nullptr;
  std::size_t size = 0;
};

}  // namespace seekling
