// The reader of safetensors: any bytes are refused in a sentence, or every
// tensor in them can be read.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.h"
#include "interop/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  static const auto path = std::filesystem::temp_directory_path() /
                           text("seekling_fuzz_", std::uint64_t(::getpid()), ".safetensors");
  std::ofstream(path, std::ios::binary) << as_text(data, size) << std::flush;
  accepted([] {
    const SafetensorsFile file(path);
    for (const auto& tensor : file.entries()) {
      const std::string& name = tensor.first;
      accepted([&] { file.tensor(name); });
      accepted([&] { file.integers(name); });
    }
  });
  std::filesystem::remove(path);
  return 0;
}
