// A model read from the folder of a run or a checkpoint: its config and its weights.
#pragma once

#include <filesystem>
#include <memory>

#include "core/say.h"
#include "model/transformer.h"

namespace seekling {

// Gives num_nextn_predict_layers the number of modules of multi-token prediction that the folder's
// weights have, if that is smaller. Says so, and if there are more.
void fit_mtp_modules(Config& config, const std::filesystem::path& folder, const Say& say);

std::unique_ptr<Transformer> load_model(const std::filesystem::path& folder, const Say& say);

}  // namespace seekling
