// Moments to and from a file, apart from moments.cpp, which needs no files.
#include "interop/safetensors.h"
#include "optim/moments.h"

namespace seekling {

void save_moments(const std::filesystem::path& file, const std::vector<Moment>& moments) {
  NamedTensors fp32;
  std::vector<NamedBf16> bf16;
  for (const Moment& m : moments) {
    if (m.bf16) bf16.push_back({m.name, m.shape, m.bf16.get()});
    else fp32.emplace_back(m.name, m.fp32);
  }
  write_safetensors(file, fp32, {}, {{"format", "pt"}}, {}, bf16);
}

void load_moments(const std::filesystem::path& path, const std::vector<Moment>& moments) {
  const SafetensorsFile file(path);
  for (const Moment& m : moments) {
    if (m.bf16) file.read({m.name, m.shape, m.bf16.get()});
    else file.read(m.name, m.fp32);
  }
}

}  // namespace seekling
