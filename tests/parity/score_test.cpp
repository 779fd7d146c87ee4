// `seekling score` and `seekling generate`, run as programs, give every number of every fixture
// in tests/golden: each key of expect.safetensors must be there, with its shape, within
// the tolerance that the fixtures' README asks for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

#include "core/check.h"
#include "interop/safetensors.h"
#include "system/file.h"
#include "tensor/device.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

const fs::path kGolden = SEEKLING_GOLDEN;

int run(const std::string& words) {
  return std::system(
      (std::string("OMP_NUM_THREADS=1 '") + SEEKLING_PROGRAM + "' " + words + " 2>/dev/null")
          .c_str());
}

// logits, hidden, grad ...: what stands before the first dot.
std::string kind_of(const std::string& key) { return key.substr(0, key.find('.')); }

double largest(const Tensor& x) {
  return x.size() == 0 ? 0 : double(x.view().matrix().cwiseAbs().maxCoeff());
}

// How far `found` may be from `expected`.
double tolerance(const std::string& key, const Tensor& expected) {
  if (key.starts_with("grad.")) return 1e-3 * largest(expected) + 1e-6;
  const bool loss = key.starts_with("loss") || key.ends_with(".loss") || key.starts_with("aux.");
  return loss ? 2e-5 : 2e-4;
}

struct Case {
  const char* fixture;
  const char* device;
};

class Score : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (GetParam().device == std::string("cuda") && !has_gpu())
      GTEST_SKIP() << "this machine has no GPU";
  }
  fs::path fixture() const { return kGolden / GetParam().fixture; }
  std::string device() const { return std::string(" --device ") + GetParam().device; }
  fs::path out(const char* name) const {
    return fs::path(testing::TempDir()) /
           ("score_" + fs::path(GetParam().fixture).filename().string() + "_" + GetParam().device +
            name);
  }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* device : {"cpu", "cuda"})
    for (const char* fixture : {"v2_lite_tiny", "v2_tiny", "v3_tiny", "odd/v2_odd", "odd/v2_dense",
                                "odd/v3_odd", "odd/v3_tied"})
      if (built_for_gpus() || device == std::string("cpu")) all.push_back({fixture, device});
  return all;
}

}  // namespace

TEST_P(Score, GivesEveryNumberOfTheFixture) {
  const fs::path answers = out(".safetensors"), expect_path = fixture() / "expect.safetensors";
  ASSERT_EQ(run("score --model '" + fixture().string() + "' --ids '" + expect_path.string() +
                "' --out '" + answers.string() + "' --grad" + device()),
            0);
  const SafetensorsFile expect(expect_path), found(answers);
  std::map<std::string, double> worst;  // of each kind; gradients relative to the largest
  for (const auto& [key, entry] : expect.entries()) {
    ASSERT_TRUE(found.has(key)) << key;
    ASSERT_EQ(found.entries().at(key).shape, entry.shape) << key;
    if (entry.dtype == "I64") {
      EXPECT_EQ(found.integers(key), expect.integers(key)) << key;
      continue;
    }
    const Tensor a = expect.tensor(key), b = found.tensor(key);
    const double difference =
        a.size() == 0 ? 0 : double((a.view().matrix() - b.view().matrix()).cwiseAbs().maxCoeff());
    EXPECT_LE(difference, tolerance(key, a)) << key;
    const double shown = kind_of(key) == "grad" ? difference / (largest(a) + 1e-6) : difference;
    worst[kind_of(key)] = std::max(worst[kind_of(key)], shown);
  }
  std::string line = GetParam().fixture + std::string(":");
  for (const auto& [kind, difference] : worst) line += text("  ", kind, " ", difference);
  std::cout << line << "\n";
  for (const auto& [key, entry] : found.entries())
    EXPECT_TRUE(expect.has(key)) << key << ": no fixture has it";
}

TEST_P(Score, GenerateGivesTheFixturesGreedyTokens) {
  const SafetensorsFile expect(fixture() / "expect.safetensors");
  const auto list = [&](const char* key) {
    std::string ids;
    for (const std::int64_t id : expect.integers(key))
      ids += (ids.empty() ? "" : ",") + std::to_string(id);
    return ids;
  };
  const fs::path answer = out(".txt");
  ASSERT_EQ(
      run("generate --model '" + fixture().string() + "' --ids " + list("gen.prompt") +
          " --max-tokens 16 --print-ids --no-eos" + device() + " > '" + answer.string() + "'"),
      0);
  EXPECT_EQ(read_file(answer), list("gen.ids") + "\n");
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Score, testing::ValuesIn(cases()), [](const auto& test) {
  std::string name = test.param.fixture;
  for (char& c : name) c = c == '/' ? '_' : c;
  return name + (test.param.device == std::string("cuda") ? "_cuda" : "");
});

}  // namespace seekling
