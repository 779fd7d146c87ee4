// Multi-head Latent Attention.
#pragma once

#include "attention/attention.h"
#include "attention/layer.h"
#include "attention/rope.h"
#include "nn/linear.h"

namespace seekling {

// ε of the two norms on the latents, whatever rms_norm_eps is.
inline constexpr double kLatentEps = 1e-6;

struct MLA : Attention {
  explicit MLA(const Config& config);

  Tensor forward(const Tensor& h, const Context& context) const override;
  Tensor decode(const Tensor& h, Cache& cache) const override;
  Cache make_cache(Index capacity) const override;
  std::unique_ptr<PackedAttention> pack(const Precision& precision) const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  std::string cache_form(Decoding form) const override {
    return form == Decoding::kAbsorbed ? "absorbed" : "naive";
  }
  std::string name() const override;
  Index cached_per_token() const override;
  Index head_width() const override;
  double flops(double context) const override;

  Pair query(const Tensor& h, Index start) const;
  Pair latent(const Tensor& h, Index start) const;

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
};

}  // namespace seekling
