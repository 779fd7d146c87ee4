// Text generation, token by token, with a cache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "infer/decoder.h"
#include "infer/sampler.h"

namespace seekling {

// The tokens that end a text. A negative id ends none.
struct Ends {
  std::vector<std::int32_t> ids;

  Ends(std::int32_t id) : ids{id} {}
  Ends(std::vector<std::int32_t> all) : ids(std::move(all)) {}
  bool has(std::int32_t id) const { return std::ranges::find(ids, id) != ids.end(); }
};

using Each = std::function<bool(std::int32_t)>;  // called with each token; false stops generation

// The loop of every generation: samples a token from logits(), stops if it is one of `ends`, calls
// `each`, and feeds the token to read().
std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                   const Each& each, std::vector<std::int32_t>& history,
                                   const std::function<std::span<const real>()>& logits,
                                   const std::function<void(std::int32_t)>& read);

// One conversation.
class Generator {
 public:
  // Room for `capacity` tokens of prompt and answer together, at most the model's
  // max_position_embeddings. The decoder must outlive the generator. `guessing` enables speculative
  // decoding with the multi-token-prediction module; Error if the model has none.
  Generator(const Decoder& decoder, Index capacity, bool guessing = false);

  // Prefill. Error if the context is full or an id is outside the vocabulary.
  void read(std::span<const std::int32_t> ids);
  std::span<const real> logits() const;  // for the token after the last one read

  // Generates up to max_tokens tokens and passes each to `each`. Stops at the first of `ends`,
  // which is not part of the answer.
  std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                     const Each& each = {});

  // The same by speculative decoding, for a Generator made with `guessing`. The text has the same
  // distribution as that of generate(), and at temperature 0 it is the same text.
  struct Guesses {
    Index steps = 0, made = 0, accepted = 0;  // passes through the model; guesses made, accepted
    double tokens_per_step(Index tokens) const {
      return steps > 0 ? double(tokens) / double(steps) : 0;
    }
  };
  std::vector<std::int32_t> generate_guessing(Index max_tokens, const Sampling& sampling,
                                              const Ends& ends, Guesses& guesses,
                                              const Each& each = {});

  Index length() const { return sequence.length; }  // tokens read
  const Pages& cache() const { return pages; }

 private:
  struct Speculation;  // the steps of generate_guessing

  Tensor read_chunk(std::span<const std::int32_t> ids, Index wanted);

  const Decoder& decoder;
  Pages pages;
  Sequence sequence;
  std::vector<std::int32_t> history;  // all tokens; the last one may not be in the cache yet
  Tensor last;                        // logits [1,vocab_size]

  const bool guessing;
  Tensor h_last;  // [1,hidden_size] of the last token: the module needs it with the next id
};

// Prefill chunk size: large enough to keep the machine busy, small enough to bound the memory of
// activations.
constexpr Index kPrefillChunk = 512;

// Calls f(chunk, whether it is the last) for the chunks of a prompt, in order.
template <class F>
void for_each_chunk(std::span<const std::int32_t> ids, F&& f) {
  while (!ids.empty()) {
    const auto chunk = ids.first(std::min<std::size_t>(kPrefillChunk, ids.size()));
    ids = ids.subspan(chunk.size());
    f(chunk, /*ends=*/ids.empty());
  }
}

}  // namespace seekling
