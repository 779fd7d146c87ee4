#include "system/folder_lock.h"

#include <gtest/gtest.h>

#include "core/check.h"

namespace seekling {

TEST(FolderLock, HasOneHolderUntilItGoes) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "seekling_folder_lock";
  std::filesystem::create_directories(folder);
  {
    const FolderLock lock(folder);
    EXPECT_TRUE(FolderLock::held(folder));
    try {
      FolderLock{folder};
      FAIL() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(
          e.what(),
          folder.string() +
              ": another process writes to this folder; wait for it, or choose another folder");
    }
  }
  EXPECT_FALSE(FolderLock::held(folder));
  std::filesystem::remove(folder);
}

}  // namespace seekling
