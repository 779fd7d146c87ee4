// The stage that mixes sources by weight: each source gets its share of the bytes of the output.
// The next document always comes from the source with the fewest bytes divided by its weight, so
// every long part of the output has the same shares, and nothing is random.
//
// A source that ends is read again, up to `epochs` times. The output ends when a source is
// exhausted: more of the others would change the shares.
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
