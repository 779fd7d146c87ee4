// metrics.jsonl: appended line by line, read back with care for the line that
// a crash may have torn.
#include "report/metrics.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

BusiestExpert busiest_expert(const ExpertLoad& load) {
  BusiestExpert busiest;
  for (std::size_t layer = 0; layer < load.size(); ++layer)
    for (std::size_t expert = 0; expert < load[layer].size(); ++expert) {
      const double times = load[layer][expert] * double(load[layer].size());
      if (times > busiest.times)
        busiest = {.layer = Index(layer), .expert = Index(expert), .times = times};
    }
  return busiest;
}

static std::string to_line(const StepMetrics& m) {
  Json json = {{"step", m.step},       {"loss", m.loss},           {"balance_loss", m.balance_loss},
               {"lr", m.lr},           {"grad_norm", m.grad_norm}, {"tokens_per_s", m.tokens_per_s},
               {"seconds", m.seconds}, {"max_vio", m.max_vio},     {"expert_load", m.expert_load}};
  if (m.mtp_loss) json["mtp_loss"] = *m.mtp_loss;
  if (m.heldout_loss) json["heldout_loss"] = *m.heldout_loss;
  if (m.heldout_bits_per_byte) json["heldout_bits_per_byte"] = *m.heldout_bits_per_byte;
  return json.dump() + "\n";
}

static double number(const Json& value) {  // dump() writes null for what is not finite
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

static std::optional<double> optional_number(const Json& json, const char* key) {
  return json.contains(key) ? std::optional(number(json[key])) : std::nullopt;
}

static ExpertLoad expert_load(const Json& layers) {
  ExpertLoad load;
  for (const Json& layer : layers) {
    load.emplace_back();
    for (const Json& fraction : layer) load.back().push_back(number(fraction));
  }
  return load;
}

static std::optional<StepMetrics> from_line(const std::string& line) {
  try {
    const Json json = Json::parse(line);
    StepMetrics m;
    m.step = json.at("step").get<Index>();
    m.loss = number(json.at("loss"));
    m.balance_loss = number(json.at("balance_loss"));
    m.lr = number(json.at("lr"));
    m.grad_norm = number(json.at("grad_norm"));
    m.tokens_per_s = number(json.at("tokens_per_s"));
    m.seconds = number(json.at("seconds"));
    m.max_vio = number(json.at("max_vio"));
    m.expert_load = expert_load(json.at("expert_load"));
    m.mtp_loss = optional_number(json, "mtp_loss");
    m.heldout_loss = optional_number(json, "heldout_loss");
    m.heldout_bits_per_byte = optional_number(json, "heldout_bits_per_byte");
    return m;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

// Calls visit(metrics, line) for every whole line.
template <class F>
static void for_each_line(const fs::path& path, F&& visit) {
  std::ifstream in(path);
  check(in.is_open(), path.string(), ": cannot be read: ", std::strerror(errno));
  std::string line;
  for (Index n = 1; std::getline(in, line); ++n) {
    if (in.eof()) return;  // no line break after it: torn
    const std::optional<StepMetrics> metrics = from_line(line);
    check(metrics || in.peek() == EOF, path.string(), ":", n,
          ": is not a line of metrics; remove the line, or the file (training goes on without it)");
    if (metrics) visit(*metrics, line);
  }
}

std::vector<StepMetrics> read_metrics(const fs::path& path) {
  std::vector<StepMetrics> all;
  for_each_line(path,
                [&](const StepMetrics& metrics, const std::string&) { all.push_back(metrics); });
  return all;
}

void replace_file(const fs::path& path, const std::string& contents) {
  const fs::path aside = path.string() + ".tmp";
  std::FILE* file = std::fopen(aside.c_str(), "wb");
  bool written = file && std::fwrite(contents.data(), 1, contents.size(), file) == contents.size();
  // Renamed only after it is on the disk.
  written = written && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  written = written && std::rename(aside.c_str(), path.c_str()) == 0;
  const std::string reason = std::strerror(errno);
  if (file) std::fclose(file);
  if (written) return;
  std::remove(aside.c_str());
  throw Error(text(path.string(), ": cannot be written: ", reason));
}

MetricsLog::MetricsLog(fs::path p, Index last_step) : path(std::move(p)) {
  std::string kept;
  if (last_step > 0 && fs::exists(path))
    for_each_line(path, [&](const StepMetrics& metrics, const std::string& line) {
      if (metrics.step <= last_step) kept += line + "\n";
    });
  replace_file(path, kept);
  out.open(path, std::ios::app);
  check(out.is_open(), path.string(), ": cannot be written: ", std::strerror(errno));
}

void MetricsLog::append(const StepMetrics& metrics) {
  out << to_line(metrics) << std::flush;
  check(out.good(), path.string(), ": cannot be written: ", std::strerror(errno));
}

}  // namespace seekling
