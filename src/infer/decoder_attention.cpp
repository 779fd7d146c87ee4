// The decoder's attention: what a layer writes into the cache, and how a query meets it.
// DeepSeek-V2 (arXiv:2405.04434) eq. (37)-(47), written as single equations in attention/mla.cpp
// and attention/gqa.cpp. Three ways from a query to its output:
//   absorbed      §2.1.2: attention among the cached latents themselves; a token, or a few
//   up_projected  keys and values made again from the latents, and attention as in training;
//                 long parts of a prompt
//   from_heads    keys and values lie in the cache: naive decoding, and MHA, GQA and MQA
#include <cmath>

#include "attention/attention.h"
#include "core/parallel.h"
#include "infer/decoder.h"

namespace seekling {

namespace {

void turn(real* x, const real* cos, const real* sin, Index pairs) {  // attention/rope.h, in place
  for (Index j = 0; j < pairs; ++j) {
    const real x0 = x[2 * j], x1 = x[2 * j + 1];
    x[2 * j] = x0 * cos[j] - x1 * sin[j];
    x[2 * j + 1] = x0 * sin[j] + x1 * cos[j];
  }
}

// Tokens 0 .. S-1 of a sequence's segment, as rows of `to`.
void copy_out(View to, const Pages& pages, Index layer, const Sequence& sequence, Index segment,
              Index S) {
  parallel_for(Pages::needed(S), 1, [&](Index p) {
    const Index n = std::min(Pages::kTokens, S - p * Pages::kTokens), width = pages.width(segment);
    std::vector<float> scratch(size_t(n * width));
    Index ld = 0;
    const float* x = pages.read(layer, sequence.pages[size_t(p)], n, segment, scratch.data(), ld);
    for (Index i = 0; i < n; ++i) std::copy_n(x + i * ld, width, &to(p * Pages::kTokens + i, 0));
  });
}

}  // namespace

Tensor Decoder::attention(const Layer& layer, Index number, View x,
                          std::span<const TokenSlot> slots, const Angles& angles, Pages& pages,
                          bool prompt, Index wanted) const {
  const Index N = x.rows;
  const Tensor y({N, layer.into.out});
  multiply(y, x, layer.into);  // for all tokens: queries lie in one matrix with what is cached
  const View Y = y;
  if (mla) {
    cache_latents(layer, number, Y, slots, angles, pages);
  } else {
    const View k = Y.block(0, H * rope, N, key_heads * rope);
    const View v = Y.block(0, (H + key_heads) * rope, N, key_heads * rope);
    each_row(N, [&](Index i) {
      for (Index h = 0; h < H + key_heads; ++h)  // queries and keys lie side by side
        turn(&Y(i, h * rope), &angles.cos[size_t(i * angles.pairs)],
             &angles.sin[size_t(i * angles.pairs)], angles.pairs);
    });
    cache_heads(number, k, v, slots, pages);
  }
  if (wanted == 0) return Tensor({0, H * v_head_dim});
  slots = slots.last(size_t(wanted));
  if (!mla) {
    const Tensor q({1, wanted, H, rope});
    q.reshape({wanted, H * rope}).view().matrix() =
        Y.block(N - wanted, 0, wanted, H * rope).matrix();
    return from_heads(number, q, slots, pages, prompt);
  }
  const Tensor q = mla_queries(layer, Y, angles, wanted);
  if (!latent_cache) return from_heads(number, q, slots, pages, prompt);
  if (prompt && up_projecting_is_cheaper(wanted, slots.back().position + 1))
    return up_projected(layer, number, q, slots, pages);
  return absorbed(layer, number, q, slots, pages);
}

// (37)-(39)
Tensor Decoder::mla_queries(const Layer& layer, View y_all, const Angles& angles, Index N) const {
  const Index first = y_all.rows - N, width = H * (nope + rope);
  const View y = y_all.middle_rows(first, N);
  const Tensor q({1, N, H, nope + rope});
  const View rows{q.data(), N, width, width};
  const bool compressed = layer.q_b.defined();
  if (compressed)
    multiply(rows, normed(y.block(0, 0, N, layer.q_b.in), layer.q_norm, layer.latent_eps),
             layer.q_b);
  each_row(N, [&](Index i) {
    if (!compressed) std::copy_n(&y(i, 0), width, &rows(i, 0));
    const size_t at = size_t((first + i) * angles.pairs);
    for (Index h = 0; h < H; ++h)
      turn(&rows(i, h * (nope + rope) + nope), &angles.cos[at], &angles.sin[at], angles.pairs);
  });
  return q;
}

void Decoder::cache_latents(const Layer& layer, Index number, View y,
                            std::span<const TokenSlot> slots, const Angles& angles,
                            Pages& pages) const {  // (41), (43)
  const Index N = y.rows, at = y.cols - rank - rope;
  const Tensor latents({N, rank + rope});
  const View L = latents;
  each_row(N, [&](Index i) {
    kernel().rms_norm(&L(i, 0), &y(i, at), layer.kv_norm.data(), rank, layer.latent_eps);
    std::copy_n(&y(i, at + rank), rope, &L(i, rank));
    turn(&L(i, rank), &angles.cos[size_t(i * angles.pairs)], &angles.sin[size_t(i * angles.pairs)],
         angles.pairs);
    if (latent_cache)
      pages.write(number, *slots[size_t(i)].sequence, slots[size_t(i)].position, 0, &L(i, 0));
  });
  if (latent_cache) return;
  const Tensor kv({N, H * (nope + v_head_dim)}), keys({N, H * (nope + rope)}),
      values({N, H * v_head_dim});
  multiply(kv, L.block(0, 0, N, rank), layer.kv_b);  // (42), (45)
  each_row(N, [&, KV = kv.view(), K = keys.view(), V = values.view()](Index i) {
    for (Index h = 0; h < H; ++h) {
      std::copy_n(&KV(i, h * (nope + v_head_dim)), nope, &K(i, h * (nope + rope)));
      std::copy_n(&L(i, rank), rope, &K(i, h * (nope + rope) + nope));
      std::copy_n(&KV(i, h * (nope + v_head_dim) + nope), v_head_dim, &V(i, h * v_head_dim));
    }
  });
  cache_heads(number, keys, values, slots, pages);
}

void Decoder::cache_heads(Index number, View keys, View values, std::span<const TokenSlot> slots,
                          Pages& pages) const {
  each_row(keys.rows, [&](Index i) {
    for (Index h = 0; h < key_heads; ++h) {
      const TokenSlot& slot = slots[size_t(i)];
      pages.write(number, *slot.sequence, slot.position, h, &keys(i, h * (nope + rope)));
      pages.write(number, *slot.sequence, slot.position, key_heads + h, &values(i, h * v_head_dim));
    }
  });
}

// §2.1.2. q^C·(W^UK c) = (W^UKᵀ q^C)·c: the query goes into the latents' space, and the weighted
// sum of latents comes back through W^UV. All heads read the same row of the cache.
Tensor Decoder::absorbed(const Layer& layer, Index number, const Tensor& q,
                         std::span<const TokenSlot> slots, const Pages& pages) const {
  const Index N = Index(slots.size()), in = nope + rope, width = rank + rope;
  const Tensor q_latent({N * H, width}), o_latent({N * H, rank}), o({N, H * v_head_dim});
  const auto head_of = [&](const Tensor& x, Index h, Index columns, Index ld) {
    return View{x.data() + h * ld, N, columns, H * ld};
  };
  std::vector<PackedProduct> products;
  for (Index h = 0; h < H; ++h)
    products.push_back(
        {head_of(q_latent, h, rank, width), head_of(q, h, nope, in), &layer.W_UK, h});
  multiply(products);
  for (Index row = 0; row < N * H; ++row)
    std::copy_n(q.data() + row * in + nope, rope, q_latent.data() + row * width + rank);
  attend(o_latent, q_latent, pages, number, {H, 1, 0, rank}, scale, slots);
  for (Index h = 0; h < H; ++h)
    products[size_t(h)] = {head_of(o, h, v_head_dim, v_head_dim), head_of(o_latent, h, rank, rank),
                           &layer.W_UV, h};
  multiply(products);
  return o;
}

// A key in the latents' space is rank + rope long, one of a head nope + rope, so scores and sums
// of absorbed attention cost about rank / nope times as much. One token does not care, as making
// keys of all S latents would cost more. T tokens share those keys: T (S - T/2) (2 rank - nope - v)
// multiply-adds a head are saved, and (S - T) rank (nope + v) are spent.
bool Decoder::up_projecting_is_cheaper(Index T, Index S) const {
  const double saved =
      double(T) * (double(S) - 0.5 * double(T)) * double(2 * rank - nope - v_head_dim);
  return saved > double(S - T) * double(rank) * double(nope + v_head_dim);
}

Tensor Decoder::up_projected(const Layer& layer, Index number, const Tensor& q,
                             std::span<const TokenSlot> slots, const Pages& pages) const {
  const Index T = Index(slots.size()), S = slots.back().position + 1;
  const Tensor cached({S, rank + rope}), kv({1, S, H, nope + v_head_dim});
  copy_out(cached, pages, number, *slots[0].sequence, 0, S);
  const auto [c_kv, k_r] = split_at(cached, rank);
  multiply(kv.reshape({S, H * (nope + v_head_dim)}), c_kv, layer.kv_b);  // (42), (45)
  const auto [k_c, v] = split_at(kv, nope);
  const auto [q_c, q_r] = split_at(q, nope);
  // (46)
  const Tensor o = seekling::attention({q_c, q_r}, {k_c, k_r.reshape({1, S, 1, rope})}, v, scale);
  return o.reshape({T, H * v_head_dim});
}

Tensor Decoder::from_heads(Index number, const Tensor& q, std::span<const TokenSlot> slots,
                           const Pages& pages, bool prompt) const {
  const Index N = Index(slots.size()), width = nope + rope;
  if (!prompt) {
    const Tensor o({N, H * v_head_dim});
    attend(o.reshape({N * H, v_head_dim}), q.reshape({N * H, width}), pages, number,
           {H, key_heads, key_heads, v_head_dim}, scale, slots);
    return o;
  }
  const Index S = slots.back().position + 1;
  const Tensor k({1, S, key_heads, width}), v({1, S, key_heads, v_head_dim});
  for (Index h = 0; h < key_heads; ++h) {
    copy_out({k.data() + h * width, S, width, key_heads * width}, pages, number, *slots[0].sequence,
             h, S);
    copy_out({v.data() + h * v_head_dim, S, v_head_dim, key_heads * v_head_dim}, pages, number,
             *slots[0].sequence, key_heads + h, S);
  }
  return seekling::attention({{}, q}, {{}, k}, v, scale).reshape({N, H * v_head_dim});
}

}  // namespace seekling
