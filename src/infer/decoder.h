// A model prepared for inference: a snapshot of its weights, packed in one format,
// and the two ways through it.
//
//   step     some tokens of one or many sequences; attention reads only the cache. The bits of a
//            token depend only on the tokens before it, not on the batch or on how many tokens of
//            its sequence are in the step.
//   prefill  a part of one prompt. Long parts use the attention of training, with keys recomputed
//            from the latents. Most tokens only fill the cache: for them the last layer computes
//            nothing else.
//
// The layers are those of training; their decode() reads the cache: attention/mla.cpp.
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
  // Copies the weights; the model may be destroyed afterwards.
  explicit Decoder(const Transformer& model, const Precision& precision = {});

  Pages make_pages(Index pages, bool predict_further = false) const;  // a cache for this model

  struct Token {  // the next token of its sequence; tokens of one sequence are adjacent
    Sequence* sequence;
    std::int32_t id;
  };
  // Both add the tokens to the cache and return h after the final norm [N,hidden_size]; prefill
  // returns only the last `wanted` rows. Error, and no change, if there is no room or an id is
  // outside the vocabulary.
  Tensor step(std::span<const Token> tokens, Pages& pages) const;
  Tensor prefill(Sequence& sequence, std::span<const std::int32_t> ids, Pages& pages,
                 Index wanted) const;

  Tensor logits(const Tensor& h) const;  // [N,hidden_size] -> [N,vocab_size]

  // Runs the first multi-token-prediction module on positions first, first + 1, .. of a sequence.
  // Inputs: h of each position and the id that follows it. Returns, for the last `wanted`
  // positions, the h from which the head predicts the id after that.
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
