// o_t = Σ_{j > t - 16} softmax(scale q_t·k_j) v_j, with GQA's q, k and v.
// No twin: a GPU decodes by decode(), from contiguous caches.
#include "attention/window.h"

#include <array>

#include "attention/attention.h"
#include "attention/cached_heads.h"
#include "attention/kind.h"
#include "nn/heads.h"
#include "nn/rows.h"
#include "quant/packed.h"

namespace seekling {

Tensor Window::forward(const Tensor& h, const Context& context) const {
  const Tensor q = rope(heads(q_proj(h), H), 0, rotary);
  const Tensor k = rope(heads(k_proj(h), key_heads), 0, rotary);
  const Tensor v = heads(v_proj(h), key_heads);
  Mask mask = context.mask;
  mask.window = kTokens;
  return o_proj(merge(attention({{}, q}, {{}, k}, v, scale, mask)));
}

Tensor Window::decode(const Tensor& h, Cache& cache) const {
  const Tensor q = rope(heads(q_proj(h), H), cache.length, rotary);
  const Tensor k = rope(heads(k_proj(h), key_heads), cache.length, rotary);
  const Tensor keys = Cache::append(cache.key.r, k, cache.length);
  const Tensor values = Cache::append(cache.value, heads(v_proj(h), key_heads), cache.length);
  cache.length += h.dim(1);
  return o_proj(merge(attention({{}, q}, {{}, keys}, values, scale, {.window = kTokens})));
}

namespace {

struct PackedWindow : PackedAttention {
  PackedWindow(Format format, const Window& window)
      : cache{window.H, window.key_heads, window.head_dim, window.head_dim, window.scale},
        rotary(window.rotary), q_proj(format, window.q_proj.weight),
        k_proj(format, window.k_proj.weight), v_proj(format, window.v_proj.weight),
        o_proj(format, window.o_proj.weight) {}

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

Tensor PackedWindow::decode(View x, Index layer, Step& step) const {
  const Index N = x.rows, n = step.wanted, first = N - n, H = cache.heads, d = cache.key_width;
  const Tensor q({n * H, d}), k({N, k_proj.out}), v({N, v_proj.out}), u({n, o_proj.out});
  const View Q = q.reshape({n, H * d}), K = k;
  multiply(std::array{PackedProduct{Q, x.middle_rows(first, n), &q_proj},
                      PackedProduct{K, x, &k_proj}, PackedProduct{v, x, &v_proj}});
  const Angles& angles = step.angles(rotary);
  each_row(N, [&](Index i) {
    for (Index h = 0; h < cache.key_heads; ++h) angles.turn(&K(i, h * d), i);
    for (Index h = 0; h < H && i >= first; ++h) angles.turn(&Q(i - first, h * d), i);
  });
  cache.write(k, v, layer, step);
  if (n == 0) return u;
  const Tensor o({n * H, d});
  std::vector<TokenSlot> slots;
  for (const TokenSlot& t : step.wanted_tokens())
    slots.push_back({t.sequence, t.position, std::max<Index>(0, t.position - Window::kTokens + 1)});
  attend(o, q, step.pages, layer, {H, cache.key_heads, cache.key_heads, d}, cache.scale, slots);
  multiply(u, o.reshape({n, H * d}), o_proj);
  return u;
}

}  // namespace

std::unique_ptr<PackedAttention> Window::pack(const Precision& precision) const {
  return std::make_unique<PackedWindow>(precision.weights, *this);
}

template std::unique_ptr<Attention> make_kind<Window>(const Config&);

}  // namespace seekling
