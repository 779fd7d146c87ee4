// A model read from the folder of a run or a checkpoint: its config and its weights.
#pragma once

#include <filesystem>
#include <memory>

#include "core/say.h"
#include "model/transformer.h"

namespace seekling {

std::unique_ptr<Transformer> load_model(const std::filesystem::path& folder, const Say& say);

}  // namespace seekling
