// samples.md: for each step at which the model was sampled, a heading "## Step 100" and the
// samples.
#pragma once

#include <filesystem>
#include <string>

#include "core/real.h"

namespace seekling {

void append_samples(const std::filesystem::path& file, Index step, const std::string& samples);

// Removes the samples of steps after `last_step`: a resumed run makes them again.
void forget_samples_after(const std::filesystem::path& file, Index last_step);

}  // namespace seekling
