// model.safetensors.index.json: any text is refused in a sentence, and names no file outside its
// folder.
#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.h"
#include "interop/checkpoint.h"
#include "system/scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  static const Scratch scratch;
  std::ofstream(scratch.path / "model.safetensors.index.json", std::ios::binary)
      << as_text(data, size) << std::flush;
  if (const auto shard = scratch.path / "a.safetensors"; !std::filesystem::exists(shard))
    write_safetensors(shard, {{"a", Tensor::zeros({2})}});
  const Tensor a({2});
  accepted([&] { load_tensors(scratch.path, {{"a", a}}); });
  return 0;
}
