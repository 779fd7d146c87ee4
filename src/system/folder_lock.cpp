#include "system/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

// The folder opened and, unless another has it (`taken`), locked. On a file system without
// locks nobody ever has it.
static int locked(const std::filesystem::path& folder, bool& taken) {
  const int f = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  taken = f >= 0 && ::flock(f, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  return f;
}

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::error_code failure = make_folders(folder);
  check(!failure, folder.string(), ": the folder cannot be made (", failure.message(), ")");
  bool taken = false;
  folder_ = locked(folder, taken);
  if (!taken) return;
  ::close(folder_);
  throw Error(folder.string() +
              ": another process writes to this folder; wait for it, or choose another folder");
}

FolderLock::~FolderLock() {
  if (folder_ >= 0) ::close(folder_);
}

bool FolderLock::held(const std::filesystem::path& folder) {
  bool taken = false;
  const int f = locked(folder, taken);
  if (f >= 0) ::close(f);
  return taken;
}

}  // namespace seekling
