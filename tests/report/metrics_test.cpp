#include "report/metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

static StepMetrics at_step(Index step) {
  StepMetrics m;
  m.step = step, m.loss = 2.5, m.balance_loss = 0.001, m.lr = 1e-3, m.grad_norm = 0.75;
  m.tokens_per_s = 12400, m.seconds = 0.5, m.expert_load = {{0.25, 0.75}, {0.5, 0.5}},
  m.max_vio = 0.5;
  return m;
}

static std::string contents(const fs::path& path) {
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

class MetricsTest : public testing::Test {
 protected:
  ~MetricsTest() override { fs::remove(path); }

  static std::vector<Index> steps(const std::vector<StepMetrics>& all) {
    std::vector<Index> out;
    for (const StepMetrics& m : all) out.push_back(m.step);
    return out;
  }

  void write_steps(Index n) const {
    MetricsLog log(path, 0);
    for (Index step = 1; step <= n; ++step) log.append(at_step(step));
  }

  const fs::path path = fs::temp_directory_path() / text("seekling_metrics_", ::getpid(), ".jsonl");
};

using Steps = std::vector<Index>;

TEST_F(MetricsTest, ALineAStepInPlainJson) {
  StepMetrics m = at_step(3);
  m.heldout_loss = 2.25;
  MetricsLog(path, 0).append(m);
  EXPECT_EQ(contents(path),
            "{\"step\":3,\"loss\":2.5,\"balance_loss\":0.001,\"lr\":0.001,\"grad_norm\":0.75,"
            "\"tokens_per_s\":12400.0,"
            "\"seconds\":0.5,\"max_vio\":0.5,\"expert_load\":[[0.25,0.75],[0.5,0.5]],\"heldout_"
            "loss\":2.25}\n");
}

TEST_F(MetricsTest, ReadsBackWhatWasWritten) {
  StepMetrics m = at_step(7);
  m.loss = std::numeric_limits<double>::quiet_NaN();
  m.heldout_loss = 1.5, m.heldout_bits_per_byte = 0.7;
  MetricsLog(path, 0).append(m);
  const StepMetrics back = read_metrics(path).at(0);
  EXPECT_EQ(back.step, 7);
  EXPECT_TRUE(std::isnan(back.loss));
  EXPECT_EQ(back.balance_loss, m.balance_loss);
  EXPECT_EQ(back.lr, m.lr);
  EXPECT_EQ(back.grad_norm, m.grad_norm);
  EXPECT_EQ(back.tokens_per_s, m.tokens_per_s);
  EXPECT_EQ(back.seconds, m.seconds);
  EXPECT_EQ(back.max_vio, m.max_vio);
  EXPECT_EQ(back.expert_load, m.expert_load);
  EXPECT_EQ(back.heldout_loss, m.heldout_loss);
  EXPECT_EQ(back.heldout_bits_per_byte, m.heldout_bits_per_byte);
}

TEST_F(MetricsTest, ALineIsOnDiskBeforeTheLogIsClosed) {
  MetricsLog log(path, 0);
  log.append(at_step(1));
  EXPECT_EQ(steps(read_metrics(path)), (Steps{1}));
}

TEST_F(MetricsTest, GoingOnFromAStepRemovesTheLaterLinesAndKeepsTheOthersByteForByte) {
  write_steps(3);
  const std::string three = contents(path);
  write_steps(5);
  MetricsLog log(path, 3);
  EXPECT_EQ(contents(path), three);
  log.append(at_step(4));
  EXPECT_EQ(steps(read_metrics(path)), (Steps{1, 2, 3, 4}));
  EXPECT_FALSE(fs::exists(path.string() + ".tmp"));
}

TEST_F(MetricsTest, ATornLastLineIsPassedOver) {
  write_steps(2);
  for (const std::string torn : {"{\"step\":3,\"lo", "{\"step\":3,\"lo\n", ""}) {
    write_steps(2);
    std::ofstream(path, std::ios::app) << torn;
    EXPECT_EQ(steps(read_metrics(path)), (Steps{1, 2})) << torn;
    MetricsLog(path, 9).append(at_step(3));
    EXPECT_EQ(steps(read_metrics(path)), (Steps{1, 2, 3})) << torn;
  }
}

TEST_F(MetricsTest, ABadLineInTheMiddleIsNamed) {
  std::ofstream(path) << "{\"step\": 1}\n{}\n";
  try {
    read_metrics(path);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), path.string() +
                            ":1: is not a line of metrics; remove the line, or the file (training "
                            "continues without it)");
  }
}

TEST(Metrics, TheBusiestExpertIsTheOneMostAboveItsFairShare) {
  const BusiestExpert busiest = busiest_expert({{0.25, 0.25, 0.25, 0.25}, {0.1, 0.2, 0.45, 0.25}});
  EXPECT_EQ(busiest.layer, 1);
  EXPECT_EQ(busiest.expert, 2);
  EXPECT_DOUBLE_EQ(busiest.times, 1.8);
  EXPECT_EQ(busiest_expert({}).times, 0);
}

}  // namespace seekling
