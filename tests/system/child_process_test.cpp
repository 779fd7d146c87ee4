#include "system/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/check.h"
#include "refusal.h"
#include "system/confinement.h"
#include "system/file.h"
#include "system/scratch.h"

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

TEST(ChildProcess, HasNoTerminal) {
  const std::string session = shell("cut -d ' ' -f 6 /proc/$$/stat; echo $$").output;
  EXPECT_EQ(session.substr(0, session.size() / 2), session.substr(session.size() / 2));
  EXPECT_FALSE(shell("echo x >/dev/tty").well());
}

TEST(ChildProcess, ALoopThatNeverEndsIsStopped) {
  Limits limits;
  limits.seconds = 0.3;
  const Ended ended = shell("while :; do :; done", limits);
  EXPECT_TRUE(ended.too_long);
  EXPECT_EQ(how(ended, limits),
            "was still running after 0.3 seconds and was stopped: is there an endless loop?");
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

TEST(ChildProcess, AProcessThatLeftItsGroupIsKilledToo) {
  const std::string file = text("/tmp/seekling_detached_", ::getpid());
  shell("setsid sh -c 'sleep 1; touch " + file + "' >/dev/null 2>&1 &");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(file)) << "it continued after its parent";
  std::filesystem::remove(file);
}

TEST(ChildProcess, ManyProcessesAreStopped) {
  Limits limits;
  limits.processes = 10;
  const Ended ended = shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait", limits);
  EXPECT_EQ(how(ended, limits), "ran more than 10 processes at a time and was stopped");
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

namespace {

// A program of a stranger, and a folder for it.
class ConfinedChild : public testing::Test {
 protected:
  ConfinedChild() { write_file(outside.path / "file", "secret"); }

  Ended shell(const std::string& script, const Limits& limits = {}) const {
    const Confined nothing_more;
    return run_child({"sh", "-c", script}, inside.path, limits, &nothing_more);
  }

  const Scratch inside, outside;
};

}  // namespace

TEST_F(ConfinedChild, TellsItsExitCodeAndItsCrash) {
  EXPECT_EQ(shell("echo out; exit 3").exit, 3);
  EXPECT_EQ(shell("echo out; exit 3").output, "out\n");
  EXPECT_EQ(how(shell("kill -SEGV $$"), {}), "crashed (segmentation fault)");
  Limits limits;
  limits.seconds = 0.3;
  EXPECT_TRUE(shell("while :; do :; done", limits).too_long);
}

TEST_F(ConfinedChild, ReachesOnlyItsFolderAndTheSystems) {
  if (!containment().files) GTEST_SKIP() << "this kernel has no Landlock";
  const std::string file = (outside.path / "file").string();
  EXPECT_FALSE(shell("cat " + file).well());
  EXPECT_FALSE(shell("echo x >" + file).well());
  EXPECT_FALSE(shell("echo x >" + file + ".new").well());
  EXPECT_EQ(read_file(file), "secret");
  EXPECT_TRUE(shell("echo x >here && cat here && ls /usr && mv here there").well());
  const Confined more{{outside.path}};
  EXPECT_EQ(run_child({"cat", file}, inside.path, {}, &more).output, "secret");
}

TEST_F(ConfinedChild, HasNoNetworkAndSeesNoOtherProcess) {
  if (!containment().processes) GTEST_SKIP() << "this kernel gives no namespaces";
  const std::string own = text(::getpid());
  EXPECT_FALSE(shell("kill -0 " + own).well());
  EXPECT_EQ(shell("cat /proc/net/dev | grep -c :").output, "1\n");  // the loopback device
}

TEST_F(ConfinedChild, AProcessThatLeftItsGroupEndsWithIt) {
  shell("setsid sh -c 'sleep 1; touch late' >/dev/null 2>&1 &");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(inside.path / "late"));
}

TEST_F(ConfinedChild, ManyFilesThatAreTooLargeTogetherAreStopped) {
  Limits limits;
  limits.total_mib = 4;
  const Ended ended =
      shell("for i in 1 2 3 4 5 6; do head -c 1000000 /dev/zero >file$i; done; sleep 5", limits);
  EXPECT_EQ(how(ended, limits), "wrote more than 4 MiB of files and was stopped");
}

TEST(ChildProcess, AProgramThatIsNotThereIsNamed) {
  EXPECT_ERROR(run_child({"no-such-program"}, "/tmp", {}),
               "no-such-program: cannot be started; is it installed?");
}

}  // namespace seekling
