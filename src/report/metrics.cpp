// metrics.jsonl: appended line by line. The reader tolerates a last line that a crash has
// truncated.
#include "report/metrics.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
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
  if (m.indexer_loss) json["indexer_loss"] = *m.indexer_loss;
  if (m.heldout_loss) json["heldout_loss"] = *m.heldout_loss;
  if (m.heldout_bits_per_byte) json["heldout_bits_per_byte"] = *m.heldout_bits_per_byte;
  return json.dump() + "\n";
}

static double number(const nlohmann::json& value) {  // dump() writes null for what is not finite
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

static std::optional<double> optional_number(const nlohmann::json& json, const char* key) {
  return json.contains(key) ? std::optional(number(json[key])) : std::nullopt;
}

static ExpertLoad expert_load(const nlohmann::json& layers) {
  ExpertLoad load;
  for (const nlohmann::json& layer : layers) {
    load.emplace_back();
    for (const nlohmann::json& fraction : layer) load.back().push_back(number(fraction));
  }
  return load;
}

static std::optional<StepMetrics> from_line(std::string_view line) {
  try {
    const nlohmann::json json = parse_json_or_discard(line, "a line of metrics");
    if (!json.is_object() || !json.at("step").is_number_integer()) return std::nullopt;
    StepMetrics m;
    m.step = json["step"].get<Index>();
    m.loss = number(json.at("loss"));
    m.balance_loss = number(json.at("balance_loss"));
    m.lr = number(json.at("lr"));
    m.grad_norm = number(json.at("grad_norm"));
    m.tokens_per_s = number(json.at("tokens_per_s"));
    m.seconds = number(json.at("seconds"));
    m.max_vio = number(json.at("max_vio"));
    m.expert_load = expert_load(json.at("expert_load"));
    m.mtp_loss = optional_number(json, "mtp_loss");
    m.indexer_loss = optional_number(json, "indexer_loss");
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
  const std::string all = read_file(path);
  std::string_view rest = all;
  for (Index n = 1; !rest.empty(); ++n) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) return;  // no line break after it: torn
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::optional<StepMetrics> metrics = from_line(line);
    check(
        metrics || rest.empty(), path.string(), ":", n,
        ": is not a line of metrics; remove the line, or the file (training continues without it)");
    if (metrics) visit(*metrics, line);
  }
}

std::vector<StepMetrics> read_metrics(const fs::path& path) {
  std::vector<StepMetrics> all;
  for_each_line(path,
                [&](const StepMetrics& metrics, std::string_view) { all.push_back(metrics); });
  return all;
}

// The lines of `path` up to a step; the file is replaced by them.
static fs::path cut_after(fs::path path, Index last_step) {
  std::string kept;
  if (last_step > 0 && fs::exists(path))
    for_each_line(path, [&](const StepMetrics& metrics, std::string_view line) {
      if (metrics.step <= last_step) kept.append(line) += '\n';
    });
  replace_file(path, kept);
  return path;
}

MetricsLog::MetricsLog(fs::path path, Index last_step)
    : file(cut_after(std::move(path), last_step)) {}

void MetricsLog::append(const StepMetrics& metrics) { file.append(to_line(metrics)); }

}  // namespace seekling
