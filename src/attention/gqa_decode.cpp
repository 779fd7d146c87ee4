// MHA, GQA and MQA in inference: gqa.cpp's equations over a cache of keys and values.
// No twin: a GPU decodes by decode() of gqa.cpp, from contiguous caches.
#include "attention/cached_heads.h"
#include "attention/gqa.h"
#include "nn/rows.h"
#include "quant/packed.h"

namespace seekling {

namespace {

struct PackedGQA : PackedAttention {
  PackedGQA(Format format, const GQA& gqa)
      : cache{gqa.H, gqa.key_heads, gqa.head_dim, gqa.head_dim, gqa.scale}, rotary(gqa.rotary),
        q_proj(format, gqa.q_proj.weight), k_proj(format, gqa.k_proj.weight),
        v_proj(format, gqa.v_proj.weight), o_proj(format, gqa.o_proj.weight) {}

  Tensor decode(View x, Index layer, Step& step) const override;
  Segments segments() const override { return cache.segments(); }
  Index weight_bytes() const override {
    return q_proj.bytes() + k_proj.bytes() + v_proj.bytes() + o_proj.bytes();
  }
  Index weight_bytes_per_token() const override { return weight_bytes(); }

  const CachedHeads cache;
  const Rotary rotary;
  const Packed q_proj, k_proj, v_proj, o_proj;
};

Tensor PackedGQA::decode(View x, Index layer, Step& step) const {
  const Index N = x.rows, n = step.wanted, first = N - n, d = cache.key_width;
  const Tensor q({1, n, cache.heads, d}), k({N, k_proj.out}), v({N, v_proj.out});
  const View Q = q.reshape({n, q_proj.out}), K = k;
  multiply(std::array{PackedProduct{Q, x.middle_rows(first, n), &q_proj},
                      PackedProduct{K, x, &k_proj}, PackedProduct{v, x, &v_proj}});
  const Angles& angles = step.angles(rotary);
  each_row(N, [&](Index i) {
    for (Index h = 0; h < cache.key_heads; ++h) angles.turn(&K(i, h * d), i);
    for (Index h = 0; h < cache.heads && i >= first; ++h) angles.turn(&Q(i - first, h * d), i);
  });
  cache.write(k, v, layer, step);
  const Tensor u({n, o_proj.out});
  if (n > 0) multiply(u, cache.attend(q, layer, step), o_proj);
  return u;
}

}  // namespace

std::unique_ptr<PackedAttention> GQA::pack(const Precision& precision) const {
  return std::make_unique<PackedGQA>(precision.weights, *this);
}

}  // namespace seekling
