// A lock on a folder, so that only one process writes to it. It is an flock on the folder itself:
// it leaves no file and ends with the process, however that ends.
#pragma once

#include <filesystem>

namespace seekling {

class FolderLock {
 public:
  // The folder is made if it is not there. Error if another process holds it. Whoever saves a folder
  // at once (atomic_save.h) locks it first: a save begins by forgetting one that was cut off.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  static bool held(const std::filesystem::path& folder);  // by anyone

 private:
  int folder_;
};

}  // namespace seekling
