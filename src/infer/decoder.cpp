// DeepSeek-V2 (arXiv:2405.04434) §2.1.2 and Fig. 2, for a machine whose memory is the limit.
// What nn/ and model/ write as single equations is joined here where weights meet the same input,
// so that a token is a few passes over long memory: one product for everything that reads
// the layer's input, one for all heads, one for all experts of a token. Attention has a file
// of its own, decoder_attention.cpp.
#include "infer/decoder.h"

#include <cmath>

#include "attention/gqa.h"
#include "attention/mla.h"
#include "attention/yarn.h"
#include "core/check.h"
#include "core/parallel.h"
#include "experts/dispatch.h"

namespace seekling {

namespace {

Tensor stacked(std::initializer_list<Tensor> matrices) {  // [out_i,in] below each other
  Index rows = 0;
  for (const Tensor& m : matrices) rows += m.dim(0);
  const Tensor all({rows, matrices.begin()->cols()});
  for (Index done = 0; const Tensor& m : matrices) {
    all.view().middle_rows(done, m.dim(0)).matrix() = m.view().matrix();
    done += m.dim(0);
  }
  return all;
}

Tensor copied(const Tensor& x) {
  const Tensor y = Tensor::like(x);
  y.view().matrix() = x.view().matrix();
  return y;
}

Packed packed(Format format, const Tensor& W) { return {format, {W.view()}}; }

Packed packed_stack(Format format, const Tensor& W) {  // W [count,out,in]
  std::vector<View> matrices;
  for (Index i = 0; i < W.dim(0); ++i)
    matrices.push_back(W.view().middle_rows(i * W.dim(1), W.dim(1)));
  return {format, matrices};
}

std::vector<TokenSlot> slots_of(std::span<const Decoder::Token> tokens) {
  std::vector<TokenSlot> slots;
  for (const Decoder::Token& t : tokens) {
    const Index position = slots.empty() || slots.back().sequence != t.sequence
                               ? t.sequence->length
                               : slots.back().position + 1;
    slots.push_back({t.sequence, position});
  }
  return slots;
}

}  // namespace

Decoder::Layer::Layer(const Block& block, const Precision& precision)
    : input_norm(copied(block.input_layernorm.weight)),
      post_norm(copied(block.post_attention_layernorm.weight)), eps(block.input_layernorm.eps) {
  const Format f = precision.weights;
  if (const MLA* a = dynamic_cast<const MLA*>(block.self_attn.get())) {
    const bool compressed = a->q_a_proj.weight.defined();
    into = packed(f, stacked({compressed ? a->q_a_proj.weight : a->q_proj.weight,
                              a->kv_a_proj_with_mqa.weight}));
    if (compressed) {
      q_norm = copied(a->q_a_layernorm.weight);
      q_b = packed(f, a->q_b_proj.weight);
    }
    kv_norm = copied(a->kv_a_layernorm.weight);
    latent_eps = a->kv_a_layernorm.eps;
    kv_b = packed(f, a->kv_b_proj.weight);
    const Tensor W = a->kv_b_proj.weight.reshape({a->H, a->nope + a->v_head_dim, a->rank});
    const Tensor UK({a->H, a->rank, a->nope}), UV({a->H, a->v_head_dim, a->rank});
    for (Index h = 0; h < a->H; ++h) {
      const View W_h = W.view().middle_rows(h * (a->nope + a->v_head_dim), a->nope + a->v_head_dim);
      UK.view().middle_rows(h * a->rank, a->rank).matrix() =
          W_h.middle_rows(0, a->nope).matrix().transpose();
      UV.view().middle_rows(h * a->v_head_dim, a->v_head_dim).matrix() =
          W_h.middle_rows(a->nope, a->v_head_dim).matrix();
    }
    W_UK = packed_stack(f, UK);
    W_UV = packed_stack(f, UV);
    out = packed(f, a->o_proj.weight);
  } else {
    const GQA& g = dynamic_cast<const GQA&>(*block.self_attn);
    into = packed(f, stacked({g.q_proj.weight, g.k_proj.weight, g.v_proj.weight}));
    out = packed(f, g.o_proj.weight);
  }
  const auto feed_forward = [f](const Mlp& mlp) {
    return FeedForward{packed(f, mlp.gate_up), packed(f, mlp.down_proj.weight)};
  };
  if (const MoE* moe = std::get_if<MoE>(&block.mlp)) {
    gate = packed(Format::kF32, moe->gate.weight);  // fp32: a choice must not flip by rounding
    if (moe->e_score_correction_bias.defined())
      correction_bias = copied(moe->e_score_correction_bias);
    experts_gate_up = packed_stack(f, moe->experts_gate_up);
    experts_down = packed_stack(f, moe->experts_down);
    if (moe->shared_experts.gate_up.defined()) dense = feed_forward(moe->shared_experts);
    routing = moe->options;
  } else {
    dense = feed_forward(std::get<Mlp>(block.mlp));
  }
}

Decoder::Decoder(const Transformer& model, const Precision& p)
    : config(model.config), precision(p), mla(config.attention == "mla"),
      latent_cache(mla && p.decoding == Decoding::kAbsorbed), H(config.num_attention_heads),
      nope(mla ? config.qk_nope_head_dim : 0),
      rope(mla ? config.qk_rope_head_dim : config.head_dim),
      v_head_dim(mla ? config.v_head_dim : config.head_dim), rank(mla ? config.kv_lora_rank : 0),
      key_heads(mla ? H : config.num_key_value_heads), rotary(rotary_of(config, rope)),
      scale(softmax_scale(config, nope + rope)), final_norm(copied(model.norm.weight)),
      head(packed(p.weights, model.lm_head)) {
  const View E = model.embed_tokens;
  const Index row = row_bytes(p.weights, E.cols);
  embedding.resize(size_t(E.rows * row));
  for (Index v = 0; v < E.rows; ++v)
    encode(p.weights, embedding.data() + v * row, &E(v, 0), E.cols);
  for (const Block& block : model.layers) layers.emplace_back(block, p);
  if (model.mtp.empty()) return;
  const Mtp& m = model.mtp[0];
  mtp.push_back({copied(m.enorm.weight),
                 copied(m.hnorm.weight),
                 copied(m.head_norm.weight),
                 packed(p.weights, m.eh_proj.weight),
                 {Layer(m.block, p)}});
}

Pages Decoder::make_pages(Index pages, bool further) const {
  std::vector<Index> segments;
  if (latent_cache) {
    segments = {rank + rope};
  } else {
    segments.assign(size_t(key_heads), nope + rope);
    segments.insert(segments.end(), size_t(key_heads), v_head_dim);
  }
  return {Index(layers.size()) + (further ? 1 : 0), segments, precision.cache, pages};
}

Index Decoder::cached_numbers() const {
  return Index(layers.size()) *
         (latent_cache ? rank + rope : key_heads * (nope + rope + v_head_dim));
}

Decoder::Angles Decoder::angles_of(std::span<const TokenSlot> slots) const {
  Angles a{{}, {}, Index(rotary.theta.size())};
  for (const TokenSlot& slot : slots)
    for (const double theta : rotary.theta) {
      a.cos.push_back(real(rotary.factor * std::cos(double(slot.position) * theta)));
      a.sin.push_back(real(rotary.factor * std::sin(double(slot.position) * theta)));
    }
  return a;
}

Tensor Decoder::embed(std::span<const std::int32_t> ids) const {
  const Tensor h({Index(ids.size()), config.hidden_size});
  const Index row = row_bytes(precision.weights, config.hidden_size);
  for (std::size_t i = 0; i < ids.size(); ++i)
    decode(precision.weights, &h.view()(Index(i), 0), embedding.data() + ids[i] * row,
           config.hidden_size);
  return h;
}

Tensor Decoder::normed(View x, const Tensor& gain, real eps) const {
  const Tensor y({x.rows, x.cols});
  const View to = y;
  const real* g = gain.data();
  each_row(x.rows, [=](Index i) { kernel().rms_norm(&to(i, 0), &x(i, 0), g, x.cols, eps); });
  return y;
}

static void check_ids(std::span<const std::int32_t> ids, Index vocab_size) {
  for (const std::int32_t id : ids)
    check(id >= 0 && id < vocab_size, "token id ", id, " is outside the vocabulary of ", vocab_size,
          " (ids 0 to ", vocab_size - 1, "): tokenizer and model do not belong together");
}

Tensor Decoder::step(std::span<const Token> tokens, Pages& pages) const {
  std::vector<std::int32_t> ids;
  for (const Token& t : tokens) ids.push_back(t.id);
  check_ids(ids, config.vocab_size);
  const std::vector<TokenSlot> slots = slots_of(tokens);
  for (std::size_t i = 0; i < slots.size(); ++i)  // the last of a sequence's asks for all
    if (i + 1 == slots.size() || slots[i + 1].sequence != slots[i].sequence)
      pages.make_room(*slots[i].sequence, slots[i].position + 1 - slots[i].sequence->length);
  for (const TokenSlot& slot : slots) slot.sequence->length = slot.position + 1;
  return all_layers(embed(ids), slots, pages, /*prompt=*/false, /*wanted=*/Index(slots.size()));
}

Tensor Decoder::prefill(Sequence& sequence, std::span<const std::int32_t> ids, Pages& pages,
                        Index wanted) const {
  check_ids(ids, config.vocab_size);
  pages.make_room(sequence, Index(ids.size()));
  std::vector<TokenSlot> slots;
  for (std::size_t i = 0; i < ids.size(); ++i) slots.push_back({&sequence, sequence.length++});
  return all_layers(embed(ids), slots, pages, /*prompt=*/true, wanted);
}

Tensor Decoder::all_layers(const Tensor& h, std::span<const TokenSlot> slots, Pages& pages,
                           bool prompt, Index wanted) const {
  const Angles angles = angles_of(slots);
  const Index N = h.rows(), L = Index(layers.size());
  for (Index i = 0; i < L; ++i)  // a later layer's cache asks for all of them
    run(layers[size_t(i)], i, h, slots, angles, pages, prompt, i + 1 < L ? N : wanted);
  return normed(h.view().middle_rows(N - wanted, wanted), final_norm, real(config.rms_norm_eps));
}

Tensor Decoder::logits(const Tensor& h) const {
  const Tensor z({h.rows(), config.vocab_size});
  multiply(z, h, head);
  return z;
}

Tensor Decoder::predict_further(const Tensor& h, Sequence& sequence, Index first,
                                std::span<const std::int32_t> next, Pages& pages,
                                Index wanted) const {
  const Further& m = mtp.at(0);
  const Index N = h.rows(), D = h.cols();
  check_ids(next, config.vocab_size);
  const Tensor e = embed(next), joined({N, 2 * D}), x({N, D});  // model/mtp.h (21): M [e; h]
  for (Index i = 0; i < N; ++i) {
    kernel().rms_norm(&joined.view()(i, 0), &e.view()(i, 0), m.enorm.data(), D,
                      real(config.rms_norm_eps));
    kernel().rms_norm(&joined.view()(i, D), &h.view()(i, 0), m.hnorm.data(), D,
                      real(config.rms_norm_eps));
  }
  multiply(x, joined, m.eh_proj);
  std::vector<TokenSlot> slots;
  for (Index i = 0; i < N; ++i) slots.push_back({&sequence, first + i});
  run(m.layer[0], Index(layers.size()), x, slots, angles_of(slots), pages, /*prompt=*/false,
      wanted);
  return normed(x.view().middle_rows(N - wanted, wanted), m.head_norm, real(config.rms_norm_eps));
}

// h ← h + Attention(RMSNorm(h)),  h ← h + FFN(RMSNorm(h))
void Decoder::run(const Layer& layer, Index number, View h_all, std::span<const TokenSlot> slots,
                  const Angles& angles, Pages& pages, bool prompt, Index wanted) const {
  const Tensor x = normed(h_all, layer.input_norm, layer.eps);
  const Tensor o = attention(layer, number, x, slots, angles, pages, prompt, wanted);
  if (wanted == 0) return;
  const View h = h_all.middle_rows(h_all.rows - wanted, wanted);
  const Tensor u({h.rows, h.cols});
  multiply(u, o, layer.out);
  const View add = u;
  each_row(h.rows, [=](Index i) { h.row(i) += add.row(i); });
  feed_forward(layer, h, normed(h, layer.post_norm, layer.eps));
}

// --- feed-forward --------------------------------------------------------------------------------

void Decoder::feed_forward(const Layer& layer, View h, View x) const {
  if (layer.dense.gate_up.defined()) {
    const Index N = x.rows, m = layer.dense.down.in;
    const Tensor gate_up({N, 2 * m}), inner({N, m}), y({N, h.cols});
    multiply(gate_up, x, layer.dense.gate_up);
    each_row(N, [a = inner.view(), b = gate_up.view(), m](Index i) {
      kernel().swiglu(&a(i, 0), &b(i, 0), m);
    });
    multiply(y, inner, layer.dense.down);
    each_row(N, [h, add = y.view()](Index i) { h.row(i) += add.row(i); });
  }
  if (layer.gate.defined()) routed_experts(layer, h, x);
}

// The choices of N tokens. A row at a time: what Eigen does with a row depends
// on where it begins in memory.
static Routing routed(const Tensor& logits, const Tensor& bias, const RouterOptions& options) {
  const Index N = logits.rows(), E = logits.cols(), K = options.K;
  const Routing all{{}, Tensor({N, K}), Ints(N * K), Ints::zeros(E)};
  parallel_for(N, /*grain=*/16,
               [&, x = logits.view(), g = all.g.view(), experts = all.experts.data()](Index i) {
                 const Tensor row({1, E});
                 std::copy_n(&x(i, 0), E, row.data());
                 const Routing one = route(row, bias, options);
                 std::copy_n(one.g.data(), K, &g(i, 0));
                 std::copy_n(one.experts.begin(), K, experts + i * K);
               });
  for (const std::int32_t e : all.experts) ++all.load[e];
  return all;
}

void Decoder::routed_experts(const Layer& layer, View h, View x) const {
  const Index N = x.rows, D = x.cols, E = layer.experts_down.count, m = layer.experts_down.in;
  const Tensor logits({N, E});
  multiply(logits, x, layer.gate);
  const Routing routing = routed(logits, layer.correction_bias, layer.routing);
  const Plan plan(routing);
  const Index R = Index(plan.token.size());
  const Tensor xs({R, D}), gate_up({R, 2 * m}), inner({R, m}), ys({R, D});
  each_row(
      R, [&, to = xs.view()](Index r) { std::copy_n(&x(plan.token[size_t(r)], 0), D, &to(r, 0)); });
  const auto all_experts = [&](const Tensor& y, const Tensor& from, const Packed& w) {
    std::vector<PackedProduct> products;
    for (Index e = 0; e < E; ++e) {
      const Index begin = plan.begin[size_t(e)], n = plan.begin[size_t(e) + 1] - begin;
      if (n > 0)
        products.push_back(
            {y.view().middle_rows(begin, n), from.view().middle_rows(begin, n), &w, e});
    }
    multiply(products);
  };
  all_experts(gate_up, xs, layer.experts_gate_up);
  each_row(R, [a = inner.view(), b = gate_up.view(), m](Index r) {
    kernel().swiglu(&a(r, 0), &b(r, 0), m);
  });
  all_experts(ys, inner, layer.experts_down);
  each_row(N, [&, g = routing.g.view(), y = ys.view()](Index t) {  // (20) + Σ_i g_i FFN_i
    for (Index k = 0; k < plan.K; ++k) {
      const Index r = plan.row[size_t(t * plan.K + k)];
      for (Index d = 0; d < D; ++d) h(t, d) += g(t, k) * y(r, d);
    }
  });
}

// --- sizes ---------------------------------------------------------------------------------------

Index Decoder::weight_bytes() const {
  Index sum = head.bytes() + Index(embedding.size());
  const auto add = [&sum](const Layer& l) {
    for (const Packed* w : {&l.into, &l.q_b, &l.kv_b, &l.W_UK, &l.W_UV, &l.out, &l.dense.gate_up,
                            &l.dense.down, &l.gate, &l.experts_gate_up, &l.experts_down})
      sum += w->bytes();
  };
  for (const Layer& l : layers) add(l);
  for (const Further& m : mtp) add(m.layer[0]), sum += m.eh_proj.bytes();
  return sum;
}

Index Decoder::weight_bytes_per_token() const {
  Index sum = head.bytes();
  for (const Layer& l : layers) {
    for (const Packed* w : {&l.into, &l.q_b, &l.out, &l.dense.gate_up, &l.dense.down, &l.gate})
      sum += w->bytes();
    sum += latent_cache ? l.W_UK.bytes() + l.W_UV.bytes() : l.kv_b.bytes();
    if (l.gate.defined())
      sum +=
          (l.experts_gate_up.bytes() + l.experts_down.bytes()) * l.routing.K / l.experts_down.count;
  }
  return sum;
}

}  // namespace seekling
