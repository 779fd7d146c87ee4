// A lock on a folder, so that only one process writes to it. It is an flock on the folder itself:
// it leaves no file and ends with the process, however that ends.
#pragma once

#include <filesystem>

namespace seekling {

class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);  // Error if another process holds it
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  static bool held(const std::filesystem::path& folder);  // by anyone

 private:
  int folder_;
};

}  // namespace seekling
