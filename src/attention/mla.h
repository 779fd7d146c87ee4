// Multi-head Latent Attention: keys and values of all heads are projections of one latent c^KV per
// token, and the cache keeps only [c^KV; k^R].
//
//          ┌─ W^DQ ──▶ c^Q ───────┬─ W^UQ ────────▶ q^C ─┐           c^Q  [B,T,q_lora_rank]
//          │                      └─ W^QR ─▶ RoPE ▶ q^R ─┤           q^C  [B,T,H,nope]
//   h ─────┤                                             ├─▶ attention ─▶ o ─▶ W^O ─▶ u
//          │                      ┌─ W^UK ────────▶ k^C ─┤           q^R  [B,T,H,rope]
//          ├─ W^DKV ─▶ c^KV ──────┴─ W^UV ────────▶ v^C ─┤           c^KV [B,T,1,rank], cached
//          └─ W^KR ──▶ RoPE ──────────────────────▶ k^R ─┘           k^R  [B,T,1,rope], cached
//   h, u [B,T,hidden_size]     k^C [B,T,H,nope]     v^C, o [B,T,H,v_head_dim]
#pragma once

#include "attention/attention.h"
#include "attention/layer.h"
#include "attention/rope.h"
#include "nn/linear.h"

namespace seekling {

// ε of the two norms on the latents; config.rms_norm_eps does not apply to them.
inline constexpr double kLatentEps = 1e-6;

struct MLA : Attention {
  explicit MLA(const Config& config);

  Tensor forward(const Tensor& h, const Context& context) const override;
  Tensor decode(const Tensor& all, LayerCache& cache) const override;
  CacheRow cache_row() const override;
  std::unique_ptr<Attention> pack(const Precision& precision) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  std::string cache_form(Decoding form) const override {
    return form == Decoding::kAbsorbed ? "absorbed" : "naive";
  }
  std::string name() const override;
  Index head_width() const override;
  double flops(double context) const override;

  Pair query(const Tensor& h, const Positions& at) const;
  Pair latent(const Tensor& h, const Positions& at) const;
  // Three ways to compute o [1,n,H,v_head_dim] from the queries of new tokens; see mla.cpp.
  Tensor absorbed(const Pair& q, const LayerCache& cache) const;
  Tensor expanded(const Pair& q, const LayerCache& cache) const;
  Tensor naive(const Pair& q, const Pair& fresh, LayerCache& cache) const;
  std::pair<Tensor, Tensor> halves_of_kv_b_proj() const;
  void pack_own(const Precision& precision);
  bool expanding_is_cheaper(Index T, Index S) const;  // T tokens of a prompt, S in the cache
  std::pair<Tensor, Tensor> keys_and_values(const Tensor& c_kv) const;  // of each head

  Index H, nope, v_head_dim, rank;
  Rotary rotary;
  real scale;

  Linear q_proj;    // without query compression (q_lora_rank 0) ...
  Linear q_a_proj;  // ... or with it
  UpProjection q_b_proj;
  RmsNorm q_a_layernorm;
  Linear kv_a_proj_with_mqa;
  UpProjection kv_b_proj;
  Linear o_proj;
  RmsNorm kv_a_layernorm;

  // After pack(): the form of the cache, and per head W^UKᵀ [rank,nope] and W^UV [v_head_dim,rank].
  Decoding decoding = Decoding::kAbsorbed;
  Packed W_UK, W_UV;
};

}  // namespace seekling
