// The texts of a folder, in an order that does not depend on the disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seekling {

// The files below the folder whose names end in one of `endings`, also through links, hidden ones
// left out, sorted; the other files are added to `skipped`. Error if there is none.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder,
                                               const std::vector<std::string>& endings,
                                               std::vector<std::filesystem::path>& skipped);

}  // namespace seekling
