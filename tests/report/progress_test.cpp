#include "report/progress.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace seekling {

namespace {

StepMetrics metrics(Index step) {
  StepMetrics m;
  m.step = step, m.loss = 2.4132, m.lr = 1e-3, m.grad_norm = 0.874, m.tokens_per_s = 12400,
  m.seconds = 0.5;
  return m;
}

// What is drawn for these steps, one after the other.
std::string drawn(const ProgressOptions& options, std::initializer_list<Index> steps) {
  std::ostringstream out;
  Progress progress(options, out);
  for (const Index step : steps) progress.update(metrics(step));
  return out.str();
}

constexpr ProgressOptions kTerminal{.steps = 600, .terminal = true, .terminal_width = 200};

}  // namespace

TEST(Progress, WithoutATerminalALineEveryNowAndThenAndOneForTheLastStep) {
  EXPECT_EQ(drawn({.steps = 25, .plain_every = 10}, {1, 9, 10, 11, 20, 24, 25}),
            "step 10/25  loss 2.413  lr 1.00e-03  grad 0.87  12400 tokens/s  0:08 left\n"
            "step 20/25  loss 2.413  lr 1.00e-03  grad 0.87  12400 tokens/s  0:03 left\n"
            "step 25/25  loss 2.413  lr 1.00e-03  grad 0.87  12400 tokens/s  0:00 left\n");
}

TEST(Progress, OnATerminalOneLineIsDrawnOver) {
  EXPECT_EQ(drawn(kTerminal, {180}),
            "[###.......] 180/600  3:30 left  loss 2.413  12400 tokens/s  lr 1.00e-03  grad 0.87");
  const std::string two = drawn(kTerminal, {299, 300});
  EXPECT_EQ(two.substr(two.find('\r')),
            "\r\x1b[K[#####.....] 300/600  2:30 left  loss 2.413  12400 tokens/s  lr 1.00e-03  "
            "grad 0.87");
  EXPECT_EQ(two.find('\n'), two.npos);
}

TEST(Progress, TheBarIsEmptyAtFirstAndFullAtTheEnd) {
  EXPECT_EQ(drawn(kTerminal, {1}).substr(0, 13), "[..........] ");
  EXPECT_EQ(drawn(kTerminal, {599}).substr(0, 13), "[#########.] ");
  EXPECT_EQ(drawn(kTerminal, {600}).substr(0, 13), "[##########] ");
  EXPECT_EQ(drawn(kTerminal, {700}).substr(0, 13), "[##########] ");  // --steps was lowered
}

TEST(Progress, TheLineIsCutToTheTerminalsWidth) {
  ProgressOptions narrow = kTerminal;
  narrow.terminal_width = 40;
  EXPECT_EQ(drawn(narrow, {180}), "[###.......] 180/600  3:30 left  loss 2");  // less: cursor
  narrow.terminal_width = 5;
  EXPECT_EQ(drawn(narrow, {180}), "[###.......]");
}

TEST(Progress, OnlyTheBarIsColoured) {
  ProgressOptions colour = kTerminal;
  colour.colour = true;
  const std::string line = drawn(colour, {180});
  EXPECT_TRUE(line.starts_with("\x1b[32m[###.......]\x1b[0m 180/600")) << line;
  EXPECT_EQ(drawn(kTerminal, {180}).find('\x1b'), std::string::npos);
}

TEST(Progress, ANoteStaysAndTheLineComesBackBelowIt) {
  std::ostringstream out;
  Progress progress(kTerminal, out);
  progress.update(metrics(1));
  const std::string before = out.str();
  progress.note("held-out loss 1.5");
  EXPECT_EQ(out.str(), before + "\r\x1b[Kheld-out loss 1.5\n");
  progress.update(metrics(2));
  EXPECT_TRUE(out.str().substr(before.size()).starts_with("\r\x1b[Kheld-out loss 1.5\n[..."))
      << out.str();
}

TEST(Progress, TheEndLeavesTheCursorOnALineOfItsOwn) {
  std::ostringstream out;
  {
    Progress progress(kTerminal, out);
    progress.update(metrics(600));
  }
  EXPECT_TRUE(out.str().ends_with("grad 0.87\n")) << out.str();
  std::ostringstream none;
  { Progress progress(kTerminal, none); }
  EXPECT_EQ(none.str(), "");
}

TEST(Progress, NamesTheBusiestExpertByTheModelsLayers) {
  StepMetrics m = metrics(600);
  m.expert_load = {{0.25, 0.25, 0.25, 0.25}, {0.125, 0.45, 0.25, 0.175}};
  std::ostringstream out;
  ProgressOptions options = kTerminal;
  options.first_moe_layer = 1;
  Progress(options, out).update(m);
  EXPECT_NE(out.str().find("  expert 1 of layer 2: 1.8x"), std::string::npos) << out.str();
}

TEST(Progress, TheTimeLeftFollowsTheStepsSlowly) {  // one slow step does not double it
  std::ostringstream out;
  Progress progress({.steps = 100, .plain_every = 1}, out);
  for (Index step = 1; step <= 50; ++step) {
    StepMetrics m = metrics(step);
    m.seconds = step == 50 ? 3 : 1;
    progress.update(m);
  }
  EXPECT_TRUE(out.str().ends_with("1:00 left\n")) << out.str();  // 50 (0.9 * 1 s + 0.1 * 3 s)
}

TEST(Progress, NumbersThatAreNoneAreShownAsTheyAre) {
  StepMetrics m = metrics(10);
  m.loss = std::nan(""), m.seconds = std::numeric_limits<double>::infinity();
  std::ostringstream out;
  Progress({.steps = 10}, out).update(m);
  EXPECT_NE(out.str().find("loss nan"), std::string::npos);
}

TEST(Progress, ClockTextIsMinutesOrHours) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(42.4), "0:42");
  EXPECT_EQ(clock_text(59.5), "1:00");
  EXPECT_EQ(clock_text(725), "12:05");
  EXPECT_EQ(clock_text(3599), "59:59");
  EXPECT_EQ(clock_text(11400), "3:10:00");
  EXPECT_EQ(clock_text(-5), "0:00");
  EXPECT_EQ(clock_text(std::nan("")), "0:00");
  EXPECT_EQ(clock_text(std::numeric_limits<double>::infinity()), "0:00");
}

TEST(Progress, APipeGetsNeitherColourNorALineDrawnOver) {  // under ctest, stderr is a pipe
  if (::isatty(2)) GTEST_SKIP() << "stderr is a terminal";
  const ProgressOptions options = progress_options(60, 1);
  EXPECT_FALSE(options.terminal);
  EXPECT_FALSE(options.colour);
  EXPECT_EQ(options.steps, 60);
  EXPECT_EQ(options.first_moe_layer, 1);
}

}  // namespace seekling
