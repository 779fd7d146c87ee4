// trainer_state.json. All values are checked: a run that resumes from a wrong value would silently
// end with a different result.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "system/atomic_save.h"
#include "system/crc32c.h"
#include "system/file.h"
#include "train/settings.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

std::string hex(std::uint32_t checksum) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", checksum);
  return digits;
}

std::uint32_t checksum_of(const std::string& hex) {
  const bool sound = hex.size() == 8 && hex.find_first_not_of("0123456789abcdef") == hex.npos;
  check(sound, "a checksum is \"", hex, "\", expected 8 hexadecimal digits");
  return std::uint32_t(std::stoul(hex, nullptr, 16));
}

// The checksum of the state's values, independent of the order and layout of the file.
std::string own_checksum(nlohmann::json state) {
  state.erase("checksum");
  return hex(crc32c(state.dump()));
}

template <class T>
bool holds(const nlohmann::json& json) {
  if constexpr (std::is_same_v<T, Index>) {
    return json.is_number_integer() &&
           (!json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return json.is_number_unsigned();
  } else {
    return true;  // get_to() tests the types of all others
  }
}

// json[key], which must be there and of the type.
template <class T>
void read(const nlohmann::json& json, const std::string& key, T& value) {
  const nlohmann::json& found = json.at(key);
  check(holds<T>(found), "\"", key, "\" is ", found.dump().substr(0, 40),
        ", expected a whole number", std::is_signed_v<T> ? "" : " of at least 0");
  found.get_to(value);
}

std::map<std::string, Checksums> checksums_in(const nlohmann::json& json) {
  std::map<std::string, Checksums> all;
  if (!json.contains("checksums")) return all;
  for (const auto& [file, tensors] : json["checksums"].items())
    for (const auto& [tensor, checksum] : tensors.items())
      all[file][tensor] = checksum_of(checksum.get<std::string>());
  return all;
}

TrainerState state_in(const nlohmann::json& json) {
  TrainerState state;
  read(json, "step", state.step);
  read(json, "tokens", state.tokens);
  json.at("data").get_to(state.data);
  read(json, "tokenizer_fingerprint", state.tokenizer_fingerprint);
  const nlohmann::json& settings = json.at("settings");
  for_each_setting(state.settings,
                   [&](const Setting& row, auto& value) { read(settings, row.key, value); });
  check(state.step >= 0 && state.tokens >= 0, "\"step\" is ", state.step, " and \"tokens\" ",
        state.tokens, ", expected at least 0");
  state.checksums = checksums_in(json);
  return state;
}

}  // namespace

std::string trainer_state_json(const TrainerState& state) {
  Json settings;
  for_each_setting(state.settings,
                   [&](const Setting& row, const auto& value) { settings[row.key] = value; });
  Json json = {{"step", state.step},
               {"tokens", state.tokens},
               {"data", state.data},
               {"tokenizer_fingerprint", state.tokenizer_fingerprint},
               {"settings", settings}};
  for (const auto& [file, tensors] : state.checksums)
    for (const auto& [tensor, checksum] : tensors) json["checksums"][file][tensor] = hex(checksum);
  json["checksum"] = own_checksum(json);
  return json.dump(2) + "\n";
}

TrainerState parse_trainer_state(const std::string& json, const std::string& path) {
  const nlohmann::json parsed = parse_json(json, path);
  const auto refuse = [&](const std::string& why) {
    throw Error(text(path, ": is not the state of a run (", why,
                     "); resume from another folder, or train again"));
  };
  TrainerState state;
  try {
    state = state_in(parsed);
  } catch (const nlohmann::json::exception& e) {
    refuse(e.what());
  } catch (const Error& e) {
    refuse(e.what());
  }
  check(!parsed.contains("checksum") || parsed["checksum"] == own_checksum(parsed), path,
        ": does not match its own checksum: the file was changed after it was saved; resume from "
        "another folder, or, if you changed it, remove the line \"checksum\"");
  return state;
}

TrainerState read_trainer_state(const std::filesystem::path& run_folder) {
  const std::filesystem::path path = run_folder / "trainer_state.json";
  if (std::filesystem::is_directory(run_folder)) recover(run_folder);
  check(std::filesystem::exists(path), path.string(),
        ": not found; --resume needs the folder of a run that has saved");
  return parse_trainer_state(read_file(path), path.string());
}

}  // namespace seekling
