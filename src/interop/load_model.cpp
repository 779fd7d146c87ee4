#include "interop/load_model.h"

#include "core/check.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "system/atomic_save.h"

namespace seekling {

namespace fs = std::filesystem;

std::unique_ptr<Transformer> load_model(const fs::path& folder, const Say& say) {
  check(fs::is_directory(folder), "--model: ", folder.string(),
        " is not a folder, expected a run or a checkpoint");
  recover(folder);
  Config config = read_config(folder);
  if (config.num_nextn_predict_layers > 0 && !has_mtp_modules(folder, config)) {
    say(text("note: ", folder.string(), ": config.json says num_nextn_predict_layers ",
             config.num_nextn_predict_layers,
             ", but the weights have no such module; going on without multi-token prediction"));
    config.num_nextn_predict_layers = 0;
  }
  auto model = std::make_unique<Transformer>(config);
  load_weights(folder, *model);
  return model;
}

}  // namespace seekling
