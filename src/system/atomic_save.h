// A folder's files replaced all together: after a kill at any moment it holds all of the old
// ones or all of the new.
#pragma once

#include <filesystem>
#include <string>

namespace seekling {

// One at a time for a folder (folder_lock.h).
class AtomicSave {
 public:
  // The folder is made if it is not there; a save that a kill cut off is forgotten.
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

// Finishes a save that a kill cut off after its commit point. Whoever opens the folder calls
// it first, also while another process is saving: what that one is still writing is left alone.
void recover(const std::filesystem::path& folder);

}  // namespace seekling
