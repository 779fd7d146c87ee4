// Replaces the files of a folder atomically: after a kill at any moment the folder contains all of
// the old files or all of the new ones.
#pragma once

#include <filesystem>
#include <string>

namespace seekling {

// One at a time for a folder (folder_lock.h).
class AtomicSave {
 public:
  // Creates the folder if it does not exist, and discards a save that a kill interrupted.
  explicit AtomicSave(std::filesystem::path folder);
  ~AtomicSave();  // without commit(), nothing has happened
  AtomicSave(const AtomicSave&) = delete;
  AtomicSave& operator=(const AtomicSave&) = delete;

  // Where to write the file or folder that will be folder/name.
  std::filesystem::path file(const std::string& name) const;
  void commit();

 private:
  std::filesystem::path folder_;
  bool committed_ = false;
};

// A folder that is not there, is empty, or holds only a save that a kill cut off before its commit.
bool free_for_a_save(const std::filesystem::path& folder);

// Finishes a save that a kill interrupted after its commit point. Call it before opening the
// folder, also while another process is saving: files that are still being written are not touched.
void recover(const std::filesystem::path& folder);

}  // namespace seekling
