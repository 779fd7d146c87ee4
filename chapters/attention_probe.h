// What the probes of layers of attention share (chapters 6 and 8).
#pragma once

#include <vector>

#include "attention/cache.h"
#include "probe.h"

namespace seekling {

inline void randomise(const Tensor& weight, Probe& probe) {
  for (Index i = 0; i < weight.size(); ++i) weight.data()[i] = real(0.5 * probe.rng.normal());
}

// Two sequences; the second holds two documents, of which the later one begins at token 2.
struct TwoSequences {
  TwoSequences(Index width, Probe& probe) : T(probe.between(4, 6)), prompt(probe.between(2, 3)) {
    h = Tensor::randn({2, T, width}, probe.rng);
    document_start.assign(std::size_t(2 * T), 0);
    for (Index t = 2; t < T; ++t) document_start[std::size_t(T + t)] = 2;
  }
  const Index T, prompt;
  Tensor h;
  std::vector<std::int32_t> document_start;

  // The answers of `layer` to the first sequence: `prompt` tokens at once, then one by one.
  template <class Layer>
  void see_decoding(const Layer& layer, Probe& probe) const {
    Cache cache(layer.cache_row(), T);
    const Tensor sequence = h.slice(0, 1).reshape({T, h.cols()});
    for (Index done = 0, n = prompt; done < T; done += n, n = 1)
      probe.see(text("u", done),
                layer.decode(sequence.slice(done, n).reshape({1, n, h.cols()}), cache));
    probe.see("length", double(cache.length), 0);
  }
};

}  // namespace seekling
