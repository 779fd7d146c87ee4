#include "nn/mask.h"

#include "core/check.h"

namespace seekling {

Ints key_sets(std::span<const std::int32_t> positions, Index tokens, Index S) {
  check(tokens > 0 && Index(positions.size()) % tokens == 0, "key_sets: ", positions.size(),
        " positions are not a row for each of ", tokens, " tokens");
  const Index K = Index(positions.size()) / tokens, words = key_words(S);
  const Ints sets = Ints::zeros(tokens * words);
  for (Index t = 0; t < tokens; ++t)
    for (const std::int32_t j : positions.subspan(std::size_t(t * K), std::size_t(K))) {
      check(j >= -1 && j < S, "key_sets: found position ", j, " among ", S, " keys");
      if (j >= 0) sets[t * words + j / 32] |= std::int32_t(1u << (j % 32));
    }
  return sets;
}

}  // namespace seekling
