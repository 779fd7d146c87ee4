// report.html: a run on one page that needs no network and no script, with curves of the loss and
// the learning rate, the load of every expert over the steps, samples of the model's text, and the
// settings.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "report/metrics.h"

namespace seekling {

struct Report {
  std::string title;                                          // the run's name
  std::vector<std::pair<std::string, std::string>> settings;  // as shown, in order
  std::vector<StepMetrics> metrics;                           // read_metrics(run / "metrics.jsonl")
  std::string samples;                                        // the text of samples.md
  Index first_moe_layer = 0;  // layers are named as the model counts them
};

std::string report_html(const Report& report);
void write_report(const std::filesystem::path& path, const Report& report);  // replaces it whole

}  // namespace seekling
