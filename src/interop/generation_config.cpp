#include "interop/generation_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace {

struct Accepted {
  double least, most;
  const char* words;
};

// The number under a key; none if the key is left out or null.
std::optional<double> number_in(const nlohmann::json& j, const char* name, const Accepted& accepted,
                                const std::string& source) {
  if (!j.contains(name) || j[name].is_null()) return {};
  const double value = j[name].is_number() ? j[name].get<double>() : -1;
  check(value >= accepted.least && value <= accepted.most, source, ": ", name, " is ",
        j[name].dump(), ", expected ", accepted.words);
  return value;
}

void add_ends(std::vector<std::int32_t>& ends, const nlohmann::json& ids,
              const std::string& source) {
  if (ids.is_null()) return;
  for (const nlohmann::json& id : ids.is_array() ? ids : nlohmann::json::array({ids})) {
    const bool good = id.is_number_unsigned() && id.get<std::uint64_t>() <= INT32_MAX;
    check(good, source, ": eos_token_id is ", ids.dump(),
          ", expected a token id or a list of them");
    ends.push_back(id.get<std::int32_t>());
  }
}

}  // namespace

GenerationConfig read_generation_config(const std::filesystem::path& folder, const Config& config) {
  GenerationConfig g;
  g.ends.push_back(std::int32_t(config.eos_token_id));
  for (const Index id : config.more_eos_token_ids) g.ends.push_back(std::int32_t(id));
  const std::filesystem::path path = folder / "generation_config.json";
  if (!std::filesystem::exists(path)) return g;
  const std::string source = path.string();
  const nlohmann::json j = parse_json(read_file(path), source);
  check(j.is_object(), source, ": is not a JSON object");
  add_ends(g.ends, j.value("eos_token_id", nlohmann::json()), source);
  if (j.value("do_sample", nlohmann::json()) == false) return g;
  g.temperature = number_in(j, "temperature", {0, 1e6, "a number of at least 0"}, source);
  g.top_p = number_in(j, "top_p", {1e-9, 1, "a number above 0 and at most 1"}, source);
  if (const auto k = number_in(j, "top_k", {0, 1e9, "an integer of at least 0"}, source))
    g.top_k = Index(*k);
  return g;
}

std::string generation_config_json(const Config& config) {
  nlohmann::ordered_json ends = config.eos_token_id;
  if (!config.more_eos_token_ids.empty()) {
    ends = nlohmann::ordered_json::array({config.eos_token_id});
    for (const Index id : config.more_eos_token_ids) ends.push_back(id);
  }
  const nlohmann::ordered_json json = {
      {"_from_model_config", true}, {"bos_token_id", config.bos_token_id}, {"eos_token_id", ends}};
  return json.dump(2) + "\n";
}

}  // namespace seekling
