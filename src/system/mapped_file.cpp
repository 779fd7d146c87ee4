#include "system/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

MappedFile::MappedFile(const fs::path& path) {
  const int file = open_for_reading(path);
  const off_t end = ::lseek(file, 0, SEEK_END);
  void* map = nullptr;
  if (end > 0) map = ::mmap(nullptr, std::size_t(end), PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  ::close(file);  // the mapping keeps the file
  check(end >= 0 && map != MAP_FAILED, path.string(),
        ": cannot be mapped into memory: ", std::strerror(error));
  data = static_cast<const char*>(map);
  size = std::size_t(end);
}

MappedFile::~MappedFile() {
  if (data) ::munmap(const_cast<char*>(data), size);
}

}  // namespace seekling
