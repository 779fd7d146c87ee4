// Multi-head Latent Attention in inference. DeepSeek-V2 (arXiv:2405.04434) eq. (37)-(47), written
// as single equations in mla.cpp. Three ways from a query to its output:
//   absorbed      §2.1.2: attention among the cached latents themselves; a token, or a few
//   up_projected  keys and values made again from the latents, and attention as in training;
//                 long parts of a prompt
//   naive         keys and values of every head are cached, as for MHA (cached_heads.h)
// No twin: a GPU decodes by decode() of mla.cpp, from contiguous caches.
#include "attention/attention.h"
#include "attention/cached_heads.h"
#include "attention/mla.h"
#include "nn/rows.h"
#include "quant/packed.h"

namespace seekling {

namespace {

struct PackedMLA : PackedAttention {
  PackedMLA(const Precision& precision, const MLA& mla);

  Tensor decode(View x, Index layer, Step& step) const override;
  Segments segments() const override;
  Index weight_bytes() const override;
  Index weight_bytes_per_token() const override;

  struct Projected {
    Tensor q;   // of the wanted tokens, before query compression is undone
    Tensor kv;  // of all tokens [N,rank+rope]
  };
  Projected project(View x, Index wanted) const;
  Tensor queries(const Tensor& y, const Angles& angles, Index first) const;
  Tensor latents(View y, const Angles& angles) const;
  void write_heads(const Tensor& latents, Index layer, Step& step) const;
  Tensor absorbed(const Tensor& q, Index layer, const Step& step) const;
  Tensor up_projected(const Tensor& q, Index layer, const Step& step) const;
  bool up_projecting_is_cheaper(Index T, Index S) const;

  const bool naive;
  const Index H, nope, rope, v_head_dim, rank;
  const Rotary rotary;
  const real scale, eps;
  const CachedHeads heads;  // of the naive form

  Packed q_proj;  // or, with query compression, q_a_proj and q_b_proj
  Packed q_a_proj, q_b_proj, kv_a_proj_with_mqa, o_proj;
  Tensor q_a_layernorm, kv_a_layernorm;
  Packed kv_b_proj;   // W^UK and W^UV of all heads: latents to keys and values
  Packed W_UK, W_UV;  // per head, for absorption: W^UKᵀ [rank,nope], W^UV [v_head_dim,rank]
};

PackedMLA::PackedMLA(const Precision& p, const MLA& mla)
    : naive(p.decoding == Decoding::kNaive), H(mla.H), nope(mla.nope),
      rope(2 * Index(mla.rotary.theta.size())), v_head_dim(mla.v_head_dim), rank(mla.rank),
      rotary(mla.rotary), scale(mla.scale),
      eps(mla.kv_a_layernorm.eps), heads{H, H, nope + rope, v_head_dim, scale},
      kv_a_proj_with_mqa(p.weights, mla.kv_a_proj_with_mqa.weight),
      o_proj(p.weights, mla.o_proj.weight), kv_a_layernorm(copied(mla.kv_a_layernorm.weight)),
      kv_b_proj(p.weights, mla.kv_b_proj.weight) {
  if (mla.q_proj.weight.defined()) {
    q_proj = Packed(p.weights, mla.q_proj.weight);
  } else {
    q_a_proj = Packed(p.weights, mla.q_a_proj.weight);
    q_a_layernorm = copied(mla.q_a_layernorm.weight);
    q_b_proj = Packed(p.weights, mla.q_b_proj.weight);
  }
  const View W = mla.kv_b_proj.weight;  // of each head: W^UK [nope,rank], W^UV [v_head_dim,rank]
  const Tensor UK({H, rank, nope}), UV({H, v_head_dim, rank});
  for (Index h = 0; h < H; ++h) {
    const View W_h = W.middle_rows(h * (nope + v_head_dim), nope + v_head_dim);
    UK.view().middle_rows(h * rank, rank).matrix() = W_h.middle_rows(0, nope).matrix().transpose();
    UV.view().middle_rows(h * v_head_dim, v_head_dim).matrix() =
        W_h.middle_rows(nope, v_head_dim).matrix();
  }
  W_UK = Packed(p.weights, UK);
  W_UV = Packed(p.weights, UV);
}

Tensor PackedMLA::decode(View x, Index layer, Step& step) const {
  const Angles& angles = step.angles(rotary);
  const Projected y = project(x, step.wanted);
  const Tensor fresh = latents(y.kv, angles);
  if (naive) {
    write_heads(fresh, layer, step);
  } else {
    each_row(x.rows, [&, c = fresh.view()](Index i) {
      const TokenSlot& slot = step.tokens[size_t(i)];
      step.pages.write(layer, *slot.sequence, slot.position, 0, &c(i, 0));
    });
  }
  const Tensor u({step.wanted, o_proj.out});
  if (step.wanted == 0) return u;
  const Tensor q = queries(y.q, angles, x.rows - step.wanted);
  const Index S = step.tokens.back().position + 1;
  const Tensor o = naive ? heads.attend(q, layer, step)
                   : step.prompt && up_projecting_is_cheaper(step.wanted, S)
                       ? up_projected(q, layer, step)
                       : absorbed(q, layer, step);
  multiply(u, o, o_proj);  // (47)
  return u;
}

Segments PackedMLA::segments() const { return naive ? heads.segments() : Segments{rank + rope}; }

// The matrices that read x, as one loop over threads.
PackedMLA::Projected PackedMLA::project(View x, Index n) const {
  const Packed& W_q = q_proj.defined() ? q_proj : q_a_proj;
  const Projected y{Tensor({n, W_q.out}), Tensor({x.rows, rank + rope})};
  multiply(std::array{PackedProduct{y.q, x.middle_rows(x.rows - n, n), &W_q},
                      PackedProduct{y.kv, x, &kv_a_proj_with_mqa}});
  return y;
}

// (37)-(39): q [1,n,H,nope+rope], of the tokens of the step from `first` on.
Tensor PackedMLA::queries(const Tensor& y, const Angles& angles, Index first) const {
  const Index n = y.rows(), width = nope + rope;
  Tensor q = y;
  if (q_b_proj.defined()) {
    q = Tensor({n, H * width});
    multiply(q, normed(y, q_a_layernorm, eps), q_b_proj);
  }
  each_row(n, [&, Q = q.view()](Index i) {
    for (Index h = 0; h < H; ++h) angles.turn(&Q(i, h * width + nope), first + i);
  });
  return q.reshape({1, n, H, width});
}

// (41), (43): [c^KV; k^R] of each token, [N,rank+rope].
Tensor PackedMLA::latents(View y, const Angles& angles) const {
  const Tensor c({y.rows, rank + rope});
  each_row(y.rows, [&, to = c.view()](Index i) {
    kernel().rms_norm(&to(i, 0), &y(i, 0), kv_a_layernorm.data(), rank, eps);
    std::copy_n(&y(i, rank), rope, &to(i, rank));
    angles.turn(&to(i, rank), i);
  });
  return c;
}

// (42), (44), (45): k = [k^C; k^R] and v of every head.
void PackedMLA::write_heads(const Tensor& latents, Index layer, Step& step) const {
  const View c = latents;
  const Index N = c.rows;
  const Tensor kv({N, H * (nope + v_head_dim)}), keys({N, H * (nope + rope)}),
      values({N, H * v_head_dim});
  multiply(kv, c.block(0, 0, N, rank), kv_b_proj);
  each_row(N, [&, KV = kv.view(), K = keys.view(), V = values.view()](Index i) {
    for (Index h = 0; h < H; ++h) {
      std::copy_n(&KV(i, h * (nope + v_head_dim)), nope, &K(i, h * (nope + rope)));
      std::copy_n(&c(i, rank), rope, &K(i, h * (nope + rope) + nope));
      std::copy_n(&KV(i, h * (nope + v_head_dim) + nope), v_head_dim, &V(i, h * v_head_dim));
    }
  });
  heads.write(keys, values, layer, step);
}

// §2.1.2. q^C·(W^UK c) = (W^UKᵀ q^C)·c: the query goes into the latents' space, and the weighted
// sum of latents comes back through W^UV. All heads read the same row of the cache.
Tensor PackedMLA::absorbed(const Tensor& q, Index layer, const Step& step) const {
  const Index n = step.wanted, in = nope + rope, width = rank + rope;
  const Tensor q_latent({n * H, width}), o_latent({n * H, rank}), o({n, H * v_head_dim});
  const auto head_of = [&](const Tensor& x, Index h, Index columns, Index ld) {
    return View{x.data() + h * ld, n, columns, H * ld};
  };
  std::vector<PackedProduct> products;
  for (Index h = 0; h < H; ++h)
    products.push_back({head_of(q_latent, h, rank, width), head_of(q, h, nope, in), &W_UK, h});
  multiply(products);
  for (Index row = 0; row < n * H; ++row)
    std::copy_n(q.data() + row * in + nope, rope, q_latent.data() + row * width + rank);
  attend(o_latent, q_latent, step.pages, layer, {H, 1, 0, rank}, scale, step.wanted_tokens());
  for (Index h = 0; h < H; ++h)
    products[size_t(h)] = {head_of(o, h, v_head_dim, v_head_dim), head_of(o_latent, h, rank, rank),
                           &W_UV, h};
  multiply(products);
  return o;
}

// A key in the latents' space is rank + rope long, one of a head nope + rope, so scores and sums
// of absorbed attention cost about rank / nope times as much. For one token that is less than
// making keys of all S latents. T tokens share those keys: T (S - T/2) (2 rank - nope - v)
// multiply-adds a head are saved, and (S - T) rank (nope + v) are spent.
bool PackedMLA::up_projecting_is_cheaper(Index T, Index S) const {
  const double saved =
      double(T) * (double(S) - 0.5 * double(T)) * double(2 * rank - nope - v_head_dim);
  return saved > double(S - T) * double(rank) * double(nope + v_head_dim);
}

Tensor PackedMLA::up_projected(const Tensor& q, Index layer, const Step& step) const {
  const std::span<const TokenSlot> slots = step.wanted_tokens();
  const Index T = step.wanted, S = slots.back().position + 1;
  const Tensor cached({S, rank + rope}), kv({1, S, H, nope + v_head_dim});
  read_cache(cached, step.pages, layer, *slots[0].sequence, 0, S);
  const auto [c_kv, k_r] = split_at(cached, rank);
  multiply(kv.reshape({S, H * (nope + v_head_dim)}), c_kv, kv_b_proj);  // (42), (45)
  const auto [k_c, v] = split_at(kv, nope);
  const auto [q_c, q_r] = split_at(q, nope);
  // (46)
  const Tensor o = attention({q_c, q_r}, {k_c, k_r.reshape({1, S, 1, rope})}, v, scale);
  return o.reshape({T, H * v_head_dim});
}

Index PackedMLA::weight_bytes() const {
  Index sum = 0;
  for (const Packed* w :
       {&q_proj, &q_a_proj, &q_b_proj, &kv_a_proj_with_mqa, &kv_b_proj, &W_UK, &W_UV, &o_proj})
    sum += w->bytes();
  return sum;
}

Index PackedMLA::weight_bytes_per_token() const {
  const Index absorbed = W_UK.bytes() + W_UV.bytes();
  return weight_bytes() - (naive ? absorbed : kv_b_proj.bytes());
}

}  // namespace

std::unique_ptr<PackedAttention> MLA::pack(const Precision& precision) const {
  return std::make_unique<PackedMLA>(precision, *this);
}

}  // namespace seekling
