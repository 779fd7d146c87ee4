// A token file: any bytes are refused in a sentence, or every id can be read or is refused.
#include <algorithm>
#include <vector>

#include "data/token_file.h"
#include "fuzz/scratch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  const ScratchFile scratch(data, size, ".bin");
  accepted([&] {
    const TokenFile file(scratch.path);
    std::vector<std::int32_t> ids(std::size_t(std::min<Index>(file.size(), 100)));
    for (Index i = 0; i + Index(ids.size()) <= file.size() && !ids.empty(); i += Index(ids.size()))
      if (accepted([&] { file.read(i, ids); }) && std::ranges::max(ids) >= file.vocab_size())
        fault("an id is outside the vocabulary");
  });
  return 0;
}
