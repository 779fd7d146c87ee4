// YaRN (arXiv:2309.00071) as DeepSeek's config.json describes it.
#include "interop/config_rope.h"

#include <cmath>
#include <set>

#include "core/check.h"

namespace seekling {

OrderedJson rope_scaling_json(const Config& c) {
  if (!c.rope_scaling) return nullptr;
  const RopeScaling& y = *c.rope_scaling;
  OrderedJson yarn = {{"type", "yarn"},
                      {"factor", y.factor},
                      {"beta_fast", y.beta_fast},
                      {"beta_slow", y.beta_slow},
                      {"original_max_position_embeddings", y.original_max_position_embeddings}};
  if (y.mscale != 0) yarn["mscale"] = y.mscale;
  if (y.mscale_all_dim != 0) yarn["mscale_all_dim"] = y.mscale_all_dim;
  return yarn;
}

namespace {

std::string rope_text(const Config& c) {
  return text(c.rope_theta, " ", rope_scaling_json(c).dump());
}

double number(const nlohmann::json& j, const char* name, double otherwise,
              const std::string& source) {
  if (!j.contains(name) || j[name].is_null()) return otherwise;
  check(j[name].is_number(), source, ": ", name, " is ", j[name].dump(), ", expected a number");
  return j[name].get<double>();
}

RopeScaling read_yarn(const nlohmann::json& j, const Config& c, const std::string& source) {
  static const std::set<std::string> known = {"rope_theta",
                                              "rope_type",
                                              "type",
                                              "factor",
                                              "beta_fast",
                                              "beta_slow",
                                              "original_max_position_embeddings",
                                              "mscale",
                                              "mscale_all_dim"};

  // Refuse unknown keys.
  std::vector<std::string> unknown;
  for (const auto& [name, value] : j.items())
    if (!known.contains(name) && !value.is_null()) unknown.push_back(name);
  refuse_unknown(unknown, text(source, ": rope_scaling"));
  const auto tokens = [&](const char* name) {
    const nlohmann::json& n = j[name];
    check(n.is_number_unsigned() && n.get<std::uint64_t>() > 0 &&
              n.get<std::uint64_t>() <= kLargestSize,
          source, ": ", name, " is ", n.dump(), ", expected a number of tokens");
    return n.get<Index>();
  };
  RopeScaling y;
  // As transformers: without an original length that of the config, without a factor the ratio.
  const bool has_original = j.contains("original_max_position_embeddings");
  y.original_max_position_embeddings =
      has_original ? tokens("original_max_position_embeddings") : c.max_position_embeddings;
  check(j.contains("factor"), source, ": rope_scaling is YaRN, but has no factor");
  y.factor = number(j, "factor",
                    double(c.max_position_embeddings) / double(y.original_max_position_embeddings),
                    source);

  // The ramp and the temperature.
  const auto or_default = [](double given, double usual) { return given == 0 ? usual : given; };
  y.beta_fast = or_default(number(j, "beta_fast", 0, source), 32);  // 0 as null, as transformers
  y.beta_slow = or_default(number(j, "beta_slow", 0, source), 1);
  y.mscale = number(j, "mscale", 0, source);
  y.mscale_all_dim = number(j, "mscale_all_dim", 0, source);

  // Refuse values that no released model comes near.
  check(y.factor >= 1 && y.factor <= 1e9 && y.beta_fast >= y.beta_slow && y.beta_slow > 0, source,
        ": rope_scaling has values out of range: factor ", y.factor, ", beta_fast ", y.beta_fast,
        ", beta_slow ", y.beta_slow);
  check(std::abs(y.mscale) <= 1e6 && std::abs(y.mscale_all_dim) <= 1e6, source,
        ": rope_scaling has values out of range: mscale ", y.mscale, ", mscale_all_dim ",
        y.mscale_all_dim);
  return y;
}

// rope_scaling, or what transformers 5 puts into rope_parameters.
void read_rope(Config& c, const nlohmann::json& j, const std::string& key,
               const std::string& source) {
  check(j.is_object(), source, ": ", key, " is ", j.dump(), ", expected null or an object");
  c.rope_theta = number(j, "rope_theta", c.rope_theta, source);
  const nlohmann::json type =
      j.contains("rope_type") ? j["rope_type"] : j.value("type", nlohmann::json("default"));
  check(type == "default" || type == "yarn", source, ": the rope type is ", type.dump(),
        ", expected \"default\" or \"yarn\"");
  if (type == "yarn") {
    c.rope_scaling = read_yarn(j, c, source);
    return;
  }
  for (const auto& [name, value] : j.items())
    check(name == "rope_theta" || name == "rope_type" || name == "type" || value.is_null(), source,
          ": ", key, " has the key ", name, ", which has no meaning for the rope type \"default\"");
}

}  // namespace

void read_ropes(Config& c, const nlohmann::json& j, const std::string& source) {
  const auto given = [&](const char* name) { return j.contains(name) && !j[name].is_null(); };
  Config other = c;
  if (given("rope_scaling")) read_rope(c, j["rope_scaling"], "rope_scaling", source);
  if (given("rope_parameters")) read_rope(other, j["rope_parameters"], "rope_parameters", source);
  check(!given("rope_parameters") || !given("rope_scaling") || rope_text(c) == rope_text(other),
        source, ": rope_scaling and rope_parameters contradict each other; remove one of them");
  check(!given("rope_parameters") || !j.contains("rope_theta") || other.rope_theta == c.rope_theta,
        source, ": rope_theta is ", c.rope_theta, ", but ", other.rope_theta,
        " in rope_parameters; remove one of them");
  if (given("rope_parameters"))
    c.rope_theta = other.rope_theta, c.rope_scaling = other.rope_scaling;
}

}  // namespace seekling
