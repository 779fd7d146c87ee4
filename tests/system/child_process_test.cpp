#include "system/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/check.h"
#include "refusal.h"

namespace seekling {

namespace {

Ended shell(const std::string& script, Limits limits = {}) {
  return run_child({"sh", "-c", script}, "/tmp", limits);
}

}  // namespace

TEST(ChildProcess, TellsItsExitCodeAndWhatItPrinted) {
  const Ended ended = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(ended.exit, 3);
  EXPECT_EQ(ended.output, "out\nerr\n");
  EXPECT_EQ(how(ended, {}), "ended with exit code 3");
}

TEST(ChildProcess, ACrashHasAName) {
  EXPECT_EQ(how(shell("kill -SEGV $$"), {}), "crashed (segmentation fault)");
}

TEST(ChildProcess, ALoopThatNeverEndsIsStopped) {
  Limits limits;
  limits.seconds = 0.3;
  const Ended ended = shell("while :; do :; done", limits);
  EXPECT_TRUE(ended.too_long);
  EXPECT_EQ(how(ended, limits),
            "was still running after 0.3 seconds and was stopped: does a loop never end?");
}

TEST(ChildProcess, ALoopThatClosedItsOutputIsStoppedToo) {
  Limits limits;
  limits.seconds = 0.3;
  EXPECT_TRUE(shell("exec >/dev/null 2>&1; while :; do :; done", limits).too_long);
}

TEST(ChildProcess, WhatItLeavesBehindIsKilled) {
  const std::string file = text("/tmp/seekling_left_behind_", ::getpid());
  const auto before = std::chrono::steady_clock::now();
  shell("(sleep 1; touch " + file + ") &");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(900))
      << "it was waited for";
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(file)) << "it went on after its parent";
  std::filesystem::remove(file);
}

TEST(ChildProcess, JunkIsDroppedBeyondALimit) {
  Limits limits;
  limits.output_bytes = 1000;
  const Ended ended =
      shell("i=0; while [ $i -lt 2000 ]; do echo 123456789; i=$((i+1)); done", limits);
  EXPECT_EQ(ended.output.size(), 1000u);
  EXPECT_EQ(ended.dropped, 19000);
}

TEST(ChildProcess, AFileWithoutEndIsStopped) {
  Limits limits;
  limits.file_mib = 1;
  const Ended ended = shell(
      "exec dd if=/dev/zero of=/tmp/seekling_too_large bs=65536 count=64 2>/dev/null", limits);
  EXPECT_EQ(how(ended, limits), "wrote a file larger than 1 MiB and was stopped");
  shell("rm -f /tmp/seekling_too_large");
}

TEST(ChildProcess, MemoryHasALimit) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer needs terabytes of addresses, so there is no limit";
#endif
  Limits limits;
  limits.memory_mib = 64;
  EXPECT_FALSE(shell("exec dd if=/dev/zero of=/dev/null bs=200M count=1", limits).well());
  EXPECT_TRUE(shell("exec dd if=/dev/zero of=/dev/null bs=20M count=1", limits).well());
}

TEST(ChildProcess, AProgramThatIsNotThereIsNamed) {
  EXPECT_ERROR(run_child({"no-such-program"}, "/tmp", {}),
               "no-such-program: cannot be started; is it installed?");
}

}  // namespace seekling
