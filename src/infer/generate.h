// Text, token by token, from a cache.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "infer/sampler.h"
#include "model/transformer.h"

namespace seekling {

// One conversation: what it has read so far is in the caches, one for each layer.
class Generator {
 public:
  // Room for `capacity` tokens, prompt and answer together; at most the model's max_position_embeddings.
  Generator(const Transformer& model, Index capacity);

  void read(std::span<const std::int32_t> ids);  // Error if the context is full, or for an id outside the vocabulary
  std::span<const real> logits() const;          // of the token after the last one read

  // Up to max_tokens tokens, each read after it is chosen and given to `each`, which may end it by returning false. It
  // ends by itself at eos (which is not given) unless eos is negative.
  std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, std::int32_t eos,
                                     const std::function<bool(std::int32_t)>& each = {});

  Index length() const;          // tokens read
  Index cache_elements() const;  // numbers held for each token, all layers together

 private:
  const Transformer& model;
  std::vector<Cache> caches;
  Tensor last;  // logits [1,1,vocab_size]
};

}  // namespace seekling
