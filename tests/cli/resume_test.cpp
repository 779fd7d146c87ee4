// A run that was stopped, whatever stopped it, and then resumed equals one that
// was not: to the byte.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "cli/program.h"
#include "report/metrics.h"

namespace seekling {

class ResumeTest : public ProgramTest {
 protected:
  // Steps of some milliseconds: long enough to be hit by a signal.
  static Words sixty(const std::string& name, const Words& more = {}) {
    Words words = small_run(
        name, {"--steps", "60", "--threads", "1", "--batch-size", "12", "--seq-len", "64"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string weights(const std::string& name) const {
    return read_file(folder / name / "model.safetensors");
  }

  // The weights of the run that nothing stops.
  std::string whole() const {
    out_of(sixty("whole"));
    return weights("whole");
  }

  Index steps_logged(const std::string& name) const {
    std::ifstream in(folder / name / "metrics.jsonl");
    return std::count(std::istreambuf_iterator<char>(in), {}, '\n');
  }

  // Sends `number` when so many steps have been logged.
  Ran stopped(const Words& words, const std::string& name, Index steps, int number,
              std::chrono::microseconds later = {}) const {
    Started started(folder, words);
    while (started.running() && steps_logged(name) < steps)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::this_thread::sleep_for(later);
    started.signal(number);
    return started.wait();
  }

  void resume(const std::string& name) const {
    out_of({"train", "--resume", name, "--threads", "1"});
  }

  // Each step once, in order, with the numbers of the run that was not stopped.
  void expect_same_metrics(const std::string& name) const {
    const auto found = read_metrics(folder / name / "metrics.jsonl"),
               wanted = read_metrics(folder / "whole" / "metrics.jsonl");
    ASSERT_EQ(found.size(), 60u);
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(found[i].step, Index(i) + 1);
      EXPECT_EQ(found[i].loss, wanted[i].loss) << i;
      EXPECT_EQ(found[i].lr, wanted[i].lr) << i;
      EXPECT_EQ(found[i].expert_load, wanted[i].expert_load) << i;
    }
  }
};

TEST_F(ResumeTest, OneThreadAndTwoGiveTheSameBytes) {
  const std::string one = whole();
  out_of(sixty("two", {"--threads", "2"}));
  EXPECT_TRUE(weights("two") == one);
  expect_same_metrics("two");
}

TEST_F(ResumeTest, ARunKilledAtStep37GoesOnFromItsLastSave) {
  const std::string expected = whole();
  const Ran ran = stopped(sixty("killed", {"--save-every", "10"}), "killed", 37, SIGKILL);
  ASSERT_EQ(ran.exit, -SIGKILL) << ran.err;
  EXPECT_FALSE(weights("killed") == expected);
  const std::string state = read_file(folder / "killed" / "trainer_state.json");
  EXPECT_NE(state.find("\"step\": 30,"), state.npos) << state;
  resume("killed");
  EXPECT_TRUE(weights("killed") == expected);
  expect_same_metrics("killed");
}

TEST_F(ResumeTest, ARunKilledAgainAndAgainAtAnyMomentOfAnyStepIsWholeInTheEnd) {
  const std::string expected = whole();
  std::random_device random;
  Words words = sixty("killed", {"--save-every", "1"});  // most of the time is spent saving
  for (Index step = 2; step <= 50; step += 12) {
    const auto later = std::chrono::microseconds(random() % 20'000);
    SCOPED_TRACE(text("step ", step, ", ", later.count(), " us later"));
    const Ran ran = stopped(words, "killed", step, SIGKILL, later);
    ASSERT_EQ(ran.exit, -SIGKILL) << ran.err;
    words = {"train", "--resume", "killed", "--threads", "1"};
  }
  resume("killed");
  EXPECT_TRUE(weights("killed") == expected);
  expect_same_metrics("killed");
}

TEST_F(ResumeTest, ARunKilledBeforeItsFirstSaveGoesOnFromTheStart) {
  const std::string expected = whole();
  ASSERT_EQ(stopped(sixty("killed", {"--save-every", "50"}), "killed", 5, SIGKILL).exit, -SIGKILL);
  expect_refused(sixty("killed"), 2,
                 "--out: killed already contains a run; continue it with --resume killed, or "
                 "choose another folder");
  resume("killed");
  EXPECT_TRUE(weights("killed") == expected);
  expect_same_metrics("killed");
}

TEST_F(ResumeTest, CtrlCFinishesTheStepSavesAndSaysHowToGoOn) {
  const std::string expected = whole();
  const Ran ran = stopped(sixty("stopped"), "stopped", 20, SIGINT);
  EXPECT_EQ(ran.exit, 130);
  const Index steps = steps_logged("stopped");
  ASSERT_LT(steps, 60);
  EXPECT_TRUE(ran.err.ends_with(text("stopped after step ", steps,
                                     " of 60; resume with: ./seekling train --resume stopped\n")))
      << ran.err;
  resume("stopped");
  EXPECT_TRUE(weights("stopped") == expected);
  expect_same_metrics("stopped");
}

TEST_F(ResumeTest, ASystemThatStopsAndATerminalThatIsClosedDoAsCtrlCDoes) {
  const std::string expected = whole();
  for (const int number : {SIGTERM, SIGHUP}) {
    const std::string name = text("stopped", number);
    const Ran ran = stopped(sixty(name), name, 20, number);
    EXPECT_EQ(ran.exit, 128 + number) << ran.err;
    EXPECT_LT(steps_logged(name), 60);
    resume(name);
    EXPECT_TRUE(weights(name) == expected);
    expect_same_metrics(name);
  }
}

TEST_F(ResumeTest, MoreStepsMayBeAskedFor) {
  out_of(sixty("longer"));
  out_of({"train", "--resume", "longer", "--steps", "64", "--threads", "1"});
  EXPECT_EQ(steps_logged("longer"), 64);
}

}  // namespace seekling
