// Checksums of all tensors in a save. They detect a changed byte, a file from another run and a
// file from another step before training continues.
#pragma once

#include <filesystem>

#include "train/settings.h"

namespace seekling {

Checksums checksums_of(const std::filesystem::path& safetensors);

// Error, naming the file and the tensor, if the files of `run` differ from those saved with
// `state`. A state without checksums passes.
void check_checksums(const std::filesystem::path& run, const TrainerState& state);

}  // namespace seekling
