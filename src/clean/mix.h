// The stage that mixes sources by weight: of the text that is written, each source has its share
// of the bytes. The next document is always that of the source whose bytes, divided by its weight,
// are fewest, so every long piece of the output has the shares, and nothing is drawn by chance.
//
// A source that ends begins again until it was read `epochs` times. The output ends when the next
// document would be one more: more of the other sources alone would change the shares.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "stream/document_reader.h"

namespace seekling {

struct MixSource {
  std::filesystem::path path;
  double weight = 1;
};

// reading: all but the paths. Writes each document's line; returns what each source gave, for the
// report.
nlohmann::ordered_json mix(const std::vector<MixSource>& sources, Index epochs,
                           const Reading& reading, const Say& say,
                           const std::function<void(std::string_view line)>& write);

}  // namespace seekling
