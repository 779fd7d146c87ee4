#include "system/atomic_save.h"

#include <gtest/gtest.h>

#include "system/file.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

fs::path fresh(const char* name) {  // of this test alone: tests run side by side
  const fs::path folder =
      fs::path(testing::TempDir()) /
      (testing::UnitTest::GetInstance()->current_test_info()->name() + std::string(name));
  fs::remove_all(folder);
  return folder;
}

void save(const fs::path& folder, const std::string& contents) {
  AtomicSave save(folder);
  write_file(save.file("a"), contents);
  write_file(save.file("b"), contents);
  save.commit();
}

std::string both(const fs::path& folder) {
  return read_file(folder / "a") + read_file(folder / "b");
}

}  // namespace

TEST(AtomicSave, ReplacesAllFilesTogether) {
  const fs::path folder = fresh("atomic");
  save(folder, "1");
  save(folder, "2");
  EXPECT_EQ(both(folder), "22");
  EXPECT_FALSE(fs::exists(folder / ".next"));
  EXPECT_FALSE(fs::exists(folder / ".commit"));
}

TEST(AtomicSave, WithoutCommitNothingHasHappened) {
  const fs::path folder = fresh("atomic");
  save(folder, "1");
  {
    AtomicSave unfinished(folder);
    write_file(unfinished.file("a"), "2");
  }
  EXPECT_EQ(both(folder), "11");
}

TEST(AtomicSave, AKillBeforeTheCommitIsForgotten) {
  const fs::path folder = fresh("atomic");
  save(folder, "1");
  fs::create_directory(folder / ".next");
  write_file(folder / ".next" / "a", "2");
  recover(folder);
  EXPECT_EQ(both(folder), "11");
}

TEST(AtomicSave, AReaderLeavesASaveThatIsBeingWrittenAlone) {
  const fs::path folder = fresh("atomic");
  save(folder, "1");
  AtomicSave writing(folder);
  write_file(writing.file("a"), "2");
  recover(folder);  // what chat and eval do with the folder of a run that is being trained
  write_file(writing.file("b"), "2");
  EXPECT_EQ(both(folder), "11");
  writing.commit();
  EXPECT_EQ(both(folder), "22");
}

TEST(AtomicSave, WhatAKillLeftIsForgottenByTheNextSave) {
  const fs::path folder = fresh("atomic");
  fs::create_directories(folder / ".next");
  write_file(folder / ".next" / "c", "half");
  save(folder, "1");
  EXPECT_EQ(both(folder), "11");
  EXPECT_FALSE(fs::exists(folder / "c"));
}

TEST(AtomicSave, AKillAfterTheCommitIsFinished) {
  const fs::path folder = fresh("atomic");
  save(folder, "1");
  fs::create_directory(folder / ".commit");  // the kill came when a had been moved and b had not
  write_file(folder / "a", "2");
  write_file(folder / ".commit" / "b", "2");
  recover(folder);
  EXPECT_EQ(both(folder), "22");
}

}  // namespace seekling
