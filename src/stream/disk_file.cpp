#include "stream/disk_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/check.h"

namespace seekling {

DiskFile::DiskFile(std::filesystem::path p, bool s)
    : path(std::move(p)), stays(s),
      file(::open(path.c_str(), O_RDWR | O_CREAT | (stays ? 0 : O_TRUNC) | O_CLOEXEC, 0666)) {
  check(file >= 0, path.string(), ": cannot be written: ", std::strerror(errno));
}

DiskFile::~DiskFile() {
  ::close(file);
  if (!stays) ::unlink(path.c_str());
}

void DiskFile::write(const void* bytes, std::size_t n, std::uint64_t at) {
  const char* from = static_cast<const char*>(bytes);
  while (n > 0) {
    const ssize_t written = ::pwrite(file, from, n, off_t(at));
    if (written < 0 && errno == EINTR) continue;
    check(written > 0, path.string(), ": cannot be written: ", std::strerror(errno));
    from += written, at += std::uint64_t(written), n -= std::size_t(written);
  }
}

std::size_t DiskFile::read(void* bytes, std::size_t n, std::uint64_t at) const {
  char* const to = static_cast<char*>(bytes);
  std::size_t done = 0;
  while (done < n) {
    const ssize_t got = ::pread(file, to + done, n - done, off_t(at + done));
    if (got < 0 && errno == EINTR) continue;
    check(got >= 0, path.string(), ": cannot be read: ", std::strerror(errno));
    if (got == 0) break;
    done += std::size_t(got);
  }
  return done;
}

void DiskFile::read_all(void* bytes, std::size_t n, std::uint64_t at) const {
  check(read(bytes, n, at) == n, path.string(), ": is cut off; another program changed it");
}

void DiskFile::flush() {
  check(::fsync(file) == 0, path.string(), ": cannot be written: ", std::strerror(errno));
}

}  // namespace seekling
