// report.html of data clean and data dedup: documents read, kept and dropped by rule; their
// distribution over sources, lengths and languages; and samples of dropped and kept documents side
// by side. The page needs no network and no script (html.h).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace seekling {

// report: as report.json (clean/clean_output.h); samples: {"kept": [{"document", "begins"}],
// "dropped": {rule: [{"document", "why", "begins", "beside"?}]}}.
std::string data_page(const nlohmann::ordered_json& report, const nlohmann::ordered_json& samples);

}  // namespace seekling
