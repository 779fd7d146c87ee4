#include "train/checksums.h"

#include <vector>

#include "core/parallel.h"
#include "interop/safetensors.h"
#include "system/crc32c.h"

namespace seekling {

Checksums checksums_of(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.entries()) names.push_back(name);
  std::vector<std::uint32_t> sums(names.size());
  parallel_for(Index(names.size()), 1,
               [&](Index i) { sums[std::size_t(i)] = crc32c(file.bytes(names[std::size_t(i)])); });
  Checksums checksums;
  for (std::size_t i = 0; i < names.size(); ++i) checksums[names[i]] = sums[i];
  return checksums;
}

void check_checksums(const std::filesystem::path& run, const TrainerState& state) {
  for (const auto& [name, expected] : state.checksums) {
    const std::filesystem::path path = run / name;
    const Checksums found = checksums_of(path);
    for (const auto& [tensor, checksum] : expected)
      check(found.contains(tensor), path.string(), ": the tensor ", tensor,
            " is missing, although trainer_state.json lists it; resume from another folder");
    for (const auto& [tensor, checksum] : found)
      check(expected.contains(tensor) && expected.at(tensor) == checksum, path.string(),
            ": tensor ", tensor,
            " does not match its checksum in trainer_state.json: the file is damaged, or from "
            "another step or run; resume from another folder");
  }
}

}  // namespace seekling
