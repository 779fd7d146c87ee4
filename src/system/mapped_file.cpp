#include "system/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

MappedFile::MappedFile(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  check(file >= 0, path.string(), ": cannot be read: ", std::strerror(errno));
  struct stat info {};
  const bool measured = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  void* map = nullptr;
  if (measured && info.st_size > 0)
    map = ::mmap(nullptr, std::size_t(info.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  ::close(file);  // the mapping keeps the file
  check(measured, path.string(), ": is not an ordinary file; give a file, not a pipe or a device");
  check(map != MAP_FAILED, path.string(), ": cannot be mapped into memory: ", std::strerror(error));
  data = static_cast<const char*>(map);
  size = std::size_t(info.st_size);
}

MappedFile::~MappedFile() {
  if (data) ::munmap(const_cast<char*>(data), size);
}

}  // namespace seekling
