#include "interop/load_model.h"

#include <algorithm>

#include "core/check.h"
#include "interop/architectures.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "system/atomic_save.h"

namespace seekling {

namespace fs = std::filesystem;

void fit_mtp_modules(Config& config, const fs::path& folder, const Say& say) {
  const Index wanted = config.num_nextn_predict_layers, found = mtp_modules_in(folder, config);
  const std::string note =
      text("note: ", folder.string(), ": num_nextn_predict_layers is ", wanted,
           ", but the weights have ", found, " such ", found == 1 ? "module" : "modules", "; ");
  if (found == 0 && wanted > 0) say(note + "continuing without multi-token prediction");
  else if (found < wanted) say(note + "continuing with fewer");
  else if (found > wanted) say(note + "the rest is ignored");
  config.num_nextn_predict_layers = std::min(wanted, found);
}

std::unique_ptr<Transformer> load_model(const fs::path& folder, const Say& say) {
  check(fs::is_directory(folder), "--model: ", folder.string(),
        " is not a folder, expected a run or a checkpoint");
  recover(folder);
  Config config = read_config(folder);
  fit_mtp_modules(config, folder, say);
  auto model = std::make_unique<Transformer>(config);
  load_weights(folder, *model);
  return model;
}

}  // namespace seekling
