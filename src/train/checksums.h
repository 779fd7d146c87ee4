// Checksums of the tensors that a save holds together, so that a changed byte, another run's file
// and a file of another step are found before training continues.
#pragma once

#include <filesystem>

#include "train/settings.h"

namespace seekling {

Checksums checksums_of(const std::filesystem::path& safetensors);

// Error, with the names of the file and the tensor, if the files of `run` are not those that
// `state` was saved with. A state without checksums passes.
void check_checksums(const std::filesystem::path& run, const TrainerState& state);

}  // namespace seekling
