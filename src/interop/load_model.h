// A model read from the folder of a run or a checkpoint: its config and its weights.
#pragma once

#include <filesystem>
#include <memory>

#include "core/say.h"
#include "model/transformer.h"

namespace seekling {

// Reduces num_nextn_predict_layers to the number of multi-token-prediction modules in the folder's
// weights. Reports a difference in either direction.
void fit_mtp_modules(Config& config, const std::filesystem::path& folder, const Say& say);

std::unique_ptr<Transformer> load_model(const std::filesystem::path& folder, const Say& say);

}  // namespace seekling
