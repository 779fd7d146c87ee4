// optimizer.safetensors: any bytes are refused in a sentence, or give moments that are finite, and
// of squares not negative.
#include <cmath>

#include "fuzz/scratch_file.h"
#include "optim/adamw.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  const ScratchFile file(data, size, ".safetensors");
  for (const bool bf16 : {false, true}) {
    const AdamW optimizer({{"W", Tensor::zeros({2, 3})}}, {.bf16_moments = bf16});
    if (!accepted([&] { load_moments(file.path, optimizer.moments()); })) continue;
    const Moment& v = optimizer.moments()[1];
    for (Index i = 0; i < 6 && !bf16; ++i)
      if (!(v.kept().fp32[i] >= 0) || std::isinf(v.kept().fp32[i])) fault("a moment is unsound");
  }
  return 0;
}
