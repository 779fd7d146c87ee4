#include "interop/find_model.h"

#include <set>

#include "core/check.h"
#include "interop/config_json.h"
#include "system/atomic_save.h"
#include "system/folder_lock.h"

namespace seekling {

namespace fs = std::filesystem;

Config find_config(const std::string& model) { return read_config(find_config_file(model)); }

fs::path find_config_file(const std::string& model) {
  const fs::path presets = SEEKLING_MODELS, preset = presets / (model + ".json");
  if (model.find('/') == std::string::npos && fs::exists(preset)) return preset;
  if (fs::exists(model))
    return fs::is_directory(model) ? fs::path(model) / "config.json" : fs::path(model);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(presets))
    names.insert(entry.path().stem().string());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error("--model: " + model + " is neither a preset (" + list + ") nor a file or folder");
}

fs::path latest_run() {
  fs::path latest;
  fs::file_time_type when;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("runs", none)) {
    const fs::path weights = entry.path() / "model.safetensors";
    if (!fs::exists(weights)) continue;
    const fs::file_time_type t = fs::last_write_time(weights);
    if (latest.empty() || t > when) latest = entry.path(), when = t;
  }
  check(!latest.empty(),
        "--model: not given, and there is no run in runs/; train one with ./seekling train");
  return latest;
}

// Not there, or only what a kill before the run's first save left, and nobody is at it.
static bool unused(const fs::path& run) { return free_for_a_save(run) && !FolderLock::held(run); }

fs::path free_run(const std::string& name) {
  fs::path run = fs::path("runs") / name;
  for (int i = 2; !unused(run); ++i) run = fs::path("runs") / (name + "-" + std::to_string(i));
  return run;
}

}  // namespace seekling
