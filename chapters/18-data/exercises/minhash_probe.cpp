#include "probe.h"
#include "repeats/minhash.h"

namespace seekling {

void probe(Probe& probe) {
  std::vector<std::uint64_t> shingles;
  for (Index n = probe.between(3, 30); n > 0; --n) shingles.push_back(probe.rng.next());
  const Index k = probe.between(40, 70);
  const Bands bands{probe.between(9, 20), probe.between(3, 7)};
  probe.exercise("18.1a", text(shingles.size(), " shingles and none, k ", k), [&] {
    probe.see_list("signature", minhash_signature(shingles, k), 0);
    probe.see_list("empty", minhash_signature({}, k), 0);
  });
  probe.exercise("18.1b", text(bands.bands, " bands of ", bands.rows), [&] {
    for (const double jaccard : {0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0})
      probe.see(text("found(", jaccard, ")"), bands.found(jaccard), 1e-9);
  });
}

}  // namespace seekling
