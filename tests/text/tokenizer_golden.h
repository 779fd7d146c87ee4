// The fixtures tok_v2 and tok_v3: answers of Hugging Face's tokenizers
// library (tests/golden/README.md).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "text/tokenizer.h"

namespace seekling {

inline std::string golden_path(const std::string& fixture, const std::string& file) {
  return std::string(SEEKLING_GOLDEN) + "/" + fixture + "/" + file;
}

inline std::string golden_text(const std::string& fixture, const std::string& file) {
  std::ifstream in(golden_path(fixture, file), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline nlohmann::json golden_cases(const std::string& fixture) {
  return nlohmann::json::parse(golden_text(fixture, "cases.json"));
}

struct GoldenFixture {
  const char* name;
  PreTokenizerKind kind;
};
inline constexpr GoldenFixture kGoldenFixtures[] = {{"tok_v2", PreTokenizerKind::kDeepseekV2},
                                                    {"tok_v3", PreTokenizerKind::kDeepseekV3}};

}  // namespace seekling
