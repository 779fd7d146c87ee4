// A model prepared for inference: a snapshot of its weights, packed in one format,
// and the two ways through it.
//
//   step     some tokens, of one sequence or of many, each from the cache alone.
//            Bits of a token depend only on the tokens before it: not on the batch, not on how many
//            of its own sequence come at once.
//   prefill  a part of one prompt; for long parts attention is that of training, over keys
//            made again from the latents. Of most of its tokens only the cache is wanted:
//            for them the last layer does no more than write it.
//
// attention/mla.cpp is the same mathematics to be read, and to be differentiated; this is the same
// to be fast. The decode() of nn and model stays for two uses: chapters 6, 8 and 9 read it,
// and the tests hold this class against it. Commands use this.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attention/rope.h"
#include "core/parallel.h"
#include "infer/attend.h"
#include "infer/pages.h"
#include "model/transformer.h"
#include "quant/packed.h"

namespace seekling {

// What MLA caches. Absorbed: c^KV and k^R, V2 §2.1.2, W^UK moved into the query and W^UV into
// the output. Naive: keys and values of every head, as for MHA.
enum class Decoding { kAbsorbed, kNaive };

struct Precision {
  Format weights = Format::kF32;
  Format cache = Format::kF32;
  Decoding decoding = Decoding::kAbsorbed;
};

class Decoder {
 public:
  // The model is not needed afterwards.
  explicit Decoder(const Transformer& model, const Precision& precision = {});

  Pages make_pages(Index pages, bool predict_further = false) const;  // a cache for this model

  struct Token {  // after those its sequence holds; tokens of one sequence are adjacent
    Sequence* sequence;
    std::int32_t id;
  };
  // Both write the tokens into the cache and return h behind the final norm [N,hidden_size],
  // prefill that of the last `wanted` tokens. Error, and nothing written, if there is no room,
  // or for an id outside the vocabulary.
  Tensor step(std::span<const Token> tokens, Pages& pages) const;
  Tensor prefill(Sequence& sequence, std::span<const std::int32_t> ids, Pages& pages,
                 Index wanted) const;

  Tensor logits(const Tensor& h) const;  // [N,hidden_size] -> [N,vocab_size]

  // The first module of multi-token prediction, for the positions first, first + 1,
  // .. of a sequence: from h of each and the id that follows it to what the head turns into the id
  // after that, of the last `wanted` positions.
  bool predicts_further() const { return !mtp.empty(); }
  Tensor predict_further(const Tensor& h, Sequence& sequence, Index first,
                         std::span<const std::int32_t> next, Pages& pages, Index wanted) const;

  Index weight_bytes() const;            // of all weights
  Index weight_bytes_per_token() const;  // of those that one token uses, with the head
  Index cached_numbers() const;          // of a token, the model's layers together

  const Config config;
  const Precision precision;

 private:
  struct FeedForward {  // dense, or shared experts beside routed ones
    Packed gate_up, down;
  };
  struct Layer {
    Layer(const Block& block, const Precision& precision);

    Tensor input_norm, post_norm;  // gains
    real eps, latent_eps = 0;
    Packed into;  // MLA: q_proj or q_a_proj, kv_a_proj_with_mqa; others: q_proj, k_proj, v_proj
    Tensor q_norm, kv_norm;
    Packed q_b;         // with query compression
    Packed kv_b;        // W^UK and W^UV of all heads: latents to keys and values
    Packed W_UK, W_UV;  // per head, for absorption: W^UKᵀ [rank,nope], W^UV [v_head_dim,rank]
    Packed out;
    FeedForward dense;  // the shared experts of a MoE layer; may be undefined there
    Packed gate, experts_gate_up, experts_down;
    Tensor correction_bias;
    RouterOptions routing;
  };
  struct Further {  // a module of multi-token prediction
    Tensor enorm, hnorm, head_norm;
    Packed eh_proj;
    std::vector<Layer> layer;  // one
  };
  struct Angles {  // cos and sin of each slot and pair, with the rotary factor
    std::vector<real> cos, sin;
    Index pairs;
  };

  // Rows of a decoding step are few and short: one thread. Those of a prompt are shared out.
  template <class F>
  static void each_row(Index n, F&& f) {
    parallel_for(n, /*grain=*/16, f);
  }

  Angles angles_of(std::span<const TokenSlot> slots) const;
  Tensor embed(std::span<const std::int32_t> ids) const;
  Tensor normed(View x, const Tensor& gain, real eps) const;
  Tensor all_layers(const Tensor& h, std::span<const TokenSlot> slots, Pages& pages, bool prompt,
                    Index wanted) const;
  // All tokens go into the layer's cache; h of the last `wanted` goes through the layer.
  void run(const Layer& layer, Index number, View h, std::span<const TokenSlot> slots,
           const Angles& angles, Pages& pages, bool prompt, Index wanted) const;

  // What a layer's attention is made of; q [1,N,H,·], results [N,H·v_head_dim], N = wanted.
  Tensor attention(const Layer& layer, Index number, View x, std::span<const TokenSlot> slots,
                   const Angles& angles, Pages& pages, bool prompt, Index wanted) const;
  Tensor mla_queries(const Layer& layer, View y, const Angles& angles, Index wanted) const;
  void cache_latents(const Layer& layer, Index number, View y, std::span<const TokenSlot> slots,
                     const Angles& angles, Pages& pages) const;
  void cache_heads(Index number, View keys, View values, std::span<const TokenSlot> slots,
                   Pages& pages) const;
  Tensor absorbed(const Layer& layer, Index number, const Tensor& q,
                  std::span<const TokenSlot> slots, const Pages& pages) const;
  Tensor up_projected(const Layer& layer, Index number, const Tensor& q,
                      std::span<const TokenSlot> slots, const Pages& pages) const;
  Tensor from_heads(Index number, const Tensor& q, std::span<const TokenSlot> slots,
                    const Pages& pages, bool prompt) const;
  bool up_projecting_is_cheaper(Index T, Index S) const;

  void feed_forward(const Layer& layer, View h, View x) const;  // h += FFN(x)
  void routed_experts(const Layer& layer, View h, View x) const;

  bool mla, latent_cache;
  Index H, nope, rope, v_head_dim, rank, key_heads;
  Rotary rotary;
  real scale;
  std::vector<std::byte> embedding;  // [V] rows in the weights' format
  std::vector<Layer> layers;
  std::vector<Further> mtp;
  Tensor final_norm;
  Packed head;
};

}  // namespace seekling
