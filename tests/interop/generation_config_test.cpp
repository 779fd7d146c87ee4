#include "interop/generation_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "refusal.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

class GenerationConfigTest : public testing::Test {
 protected:
  GenerationConfigTest() { fs::create_directories(folder); }
  ~GenerationConfigTest() override { fs::remove_all(folder); }

  GenerationConfig read(const std::string& json) const {
    write_file(folder / "generation_config.json", json);
    return read_generation_config(folder, config);
  }

  const fs::path folder = fs::temp_directory_path() / text("seekling_generation_", ::getpid());
  Config config;
};

using Ids = std::vector<std::int32_t>;

TEST_F(GenerationConfigTest, EveryEndOfBothFilesCounts) {
  config.eos_token_id = 1, config.more_eos_token_ids = {4};
  EXPECT_EQ(read_generation_config(folder, config).ends, (Ids{1, 4}));
  EXPECT_EQ(read(R"({"eos_token_id": [7, 9]})").ends, (Ids{1, 4, 7, 9}));
  EXPECT_EQ(read(R"({"eos_token_id": 7})").ends, (Ids{1, 4, 7}));
  EXPECT_EQ(read(R"({"eos_token_id": null})").ends, (Ids{1, 4}));
}

TEST_F(GenerationConfigTest, TellsHowTextIsSampled) {
  const GenerationConfig g =
      read(R"({"do_sample": true, "temperature": 0.6, "top_p": 0.95, "top_k": 40})");
  EXPECT_EQ(g.temperature, 0.6);
  EXPECT_EQ(g.top_p, 0.95);
  EXPECT_EQ(g.top_k, 40);
  EXPECT_FALSE(read(R"({"temperature": null})").temperature);
  EXPECT_FALSE(read(R"({"do_sample": false, "temperature": 0.6})").temperature);
}

TEST_F(GenerationConfigTest, AValueOutOfRangeIsNamed) {
  const std::string file = (folder / "generation_config.json").string();
  EXPECT_EQ(refusal([&] { read(R"({"temperature": "hot"})"); }),
            file + ": temperature is \"hot\", expected a number of at least 0");
  EXPECT_EQ(refusal([&] { read(R"({"eos_token_id": ["</s>"]})"); }),
            file + ": eos_token_id is [\"</s>\"], expected a token id or a list of them");
}

TEST_F(GenerationConfigTest, ReadsBackTheEndsThatItWrites) {
  config.eos_token_id = 3, config.more_eos_token_ids = {5};
  const std::string written = generation_config_json(config);
  config.eos_token_id = -1, config.more_eos_token_ids = {};
  EXPECT_EQ(read(written).ends, (Ids{-1, 3, 5}));
}

}  // namespace seekling
