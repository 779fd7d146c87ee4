// A model prepared for inference: a snapshot of its weights, packed in one format,
// and the two ways through it.
//
//   step     some tokens, of one sequence or of many, each from the cache only.
//            The bits of a token depend only on the tokens before it: not on the batch, not on how
//            many of its own sequence come at once.
//   prefill  a part of one prompt; for long parts attention is that of training, over keys
//            made again from the latents. Of most of its tokens only the cache is wanted:
//            for them the last layer writes its cache and does nothing else.
//
// The layers are those of training, whose decode() reads the cache: attention/mla.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attention/step.h"
#include "model/transformer.h"
#include "quant/packed.h"
#include "quant/precision.h"

namespace seekling {

class Decoder {
 public:
  // The model is not needed afterwards.
  explicit Decoder(const Transformer& model, const Precision& precision = {});

  Pages make_pages(Index pages, bool predict_further = false) const;  // a cache for this model

  struct Token {  // after those its sequence holds; tokens of one sequence are adjacent
    Sequence* sequence;
    std::int32_t id;
  };
  // Both write the tokens into the cache and return h after the final norm [N,hidden_size],
  // prefill that of the last `wanted` tokens. Error, and nothing written, if there is no room,
  // or for an id outside the vocabulary.
  Tensor step(std::span<const Token> tokens, Pages& pages) const;
  Tensor prefill(Sequence& sequence, std::span<const std::int32_t> ids, Pages& pages,
                 Index wanted) const;

  Tensor logits(const Tensor& h) const;  // [N,hidden_size] -> [N,vocab_size]

  // The first module of multi-token prediction, for the positions first, first + 1,
  // .. of a sequence: from h of each and the id that follows it to what the head turns into the id
  // after that, of the last `wanted` positions.
  bool predicts_further() const { return further.has_value(); }
  Tensor predict_further(const Tensor& h, Sequence& sequence, Index first,
                         std::span<const std::int32_t> next, Pages& pages, Index wanted) const;

  std::string cache_form() const { return form; }  // absorbed, naive or heads
  WeightBytes weight_bytes() const;                // a token reads the head, not the embedding

  const Config config;
  const Precision precision;

 private:
  Tensor embed(std::span<const std::int32_t> ids) const;
  Tensor all_layers(Tensor h, Step step) const;

  const std::string form;
  std::vector<std::byte> embedding;  // [V] rows in the weights' format
  std::vector<std::unique_ptr<Layer>> layers;
  std::optional<Mtp> further;
  RmsNorm final_norm;
  Packed head;
};

}  // namespace seekling
