// Text, token by token, from a cache.
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

using Each = std::function<bool(std::int32_t)>;  // is given a token; false ends the generation

// The loop of every generation: chooses a token from logits(), stops at one of `ends`, tells
// `each`, and has it read.
std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                   const Each& each, std::vector<std::int32_t>& history,
                                   const std::function<std::span<const real>()>& logits,
                                   const std::function<void(std::int32_t)>& read);

// One conversation.
class Generator {
 public:
  // Room for `capacity` tokens, prompt and answer together; at most the model's
  // max_position_embeddings. The decoder must outlive the generator.
  // With `guessing` the module of multi-token prediction reads along; Error if there is none.
  Generator(const Decoder& decoder, Index capacity, bool guessing = false);

  // Error if the context is full, or for an id outside the vocabulary.
  void read(std::span<const std::int32_t> ids);
  std::span<const real> logits() const;  // of the token after the last one read

  // Up to max_tokens tokens, each read after it is chosen and given to `each`.
  // It stops at the first of `ends`, which is not given.
  std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                     const Each& each = {});

  // The same with the module guessing ahead, for a Generator made so. The distribution of the text
  // is that of generate(), and at temperature 0 the text is.
  struct Guesses {
    Index steps = 0, made = 0, accepted = 0;  // passes through the model; guesses
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
  Tensor read_chunk(std::span<const std::int32_t> ids, Index wanted);

  const Decoder& decoder;
  Pages pages;
  Sequence sequence;
  std::vector<std::int32_t> history;  // all tokens, the last perhaps not read
  Tensor last;                        // logits [1,vocab_size]

  const bool guessing;
  Tensor h_last;  // [1,hidden_size] of the last token read: the module waits for the id after it
};

// A prompt is read so many tokens at a time: as many as keep the machine busy, and no more,
// for their activations take memory.
constexpr Index kPrefillChunk = 512;

// f(chunk, whether it is the last) for the chunks of a prompt, in order.
template <class F>
void for_each_chunk(std::span<const std::int32_t> ids, F&& f) {
  while (!ids.empty()) {
    const auto chunk = ids.first(std::min<std::size_t>(kPrefillChunk, ids.size()));
    ids = ids.subspan(chunk.size());
    f(chunk, /*ends=*/ids.empty());
  }
}

}  // namespace seekling
