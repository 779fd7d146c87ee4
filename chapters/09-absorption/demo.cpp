// Absorption: the same answers from latents that are never expanded, and what each way costs
// with the sizes of DeepSeek-V2.
#include <cstdio>

#include "attention/mla.h"
#include "attention/per_head.h"

using namespace seekling;

struct Work {
  double multiplications, reads;
};

static void line(double S, const char* way, Work work) {
  std::printf("%8.0f cached  %-24s %14.0f M %14.1f M\n", S, way, work.multiplications / 1e6,
              work.reads / 1e6);
}

static void line(const char* way, const View& a, const View& b) {  // token 11 of a, 0 to 2 of b
  std::printf("%-15s", way);
  for (Index j = 0; j < 3; ++j) std::printf("%9.4f", double(a.row(11 * 2 + 1).dot(b.row(j))));
  std::printf("\n");
}

int main() {
  Config c;
  c.hidden_size = 32, c.num_attention_heads = 2, c.q_lora_rank = 24, c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8, c.qk_rope_head_dim = 4, c.v_head_dim = 6;
  Rng rng(9);
  MLA mla(c);
  for (Linear* l : std::initializer_list<Linear*>{
           &mla.q_a_proj, &mla.q_b_proj, &mla.kv_a_proj_with_mqa, &mla.kv_b_proj, &mla.o_proj})
    l->weight = Tensor::randn({l->weight.dim(0), l->weight.dim(1)}, rng, 0.2);
  for (const RmsNorm* norm : {&mla.q_a_layernorm, &mla.kv_a_layernorm})
    norm->weight.view().matrix().setOnes();

  const Tensor h = Tensor::randn({1, 12, c.hidden_size}, rng);
  const Pair q = mla.query(h, 0), key = mla.latent(h, 0);
  // [H, nope · rank]
  const Tensor W_UK = mla.kv_b_proj.weight.reshape({2, (8 + 6) * 16}).columns(0, 8 * 16);
  const Tensor expanded = mla.kv_b_proj(key.c.reshape({12, 16}));  // both heads' k and v in a row
  std::printf("content scores of token 11, head 1, with the tokens 0, 1, 2\n");
  line("q . (W_UK c)", q.c, expanded.columns(14, 8));  // after the 8 + 6 of head 0: head 1's key
  line("(W_UK' q) . c", per_head(q.c, W_UK, 8), key.c);

  const Tensor whole = mla.forward(h, {});
  Cache cache(mla.cache_row(), 12);
  bool same = true;
  for (Index t = 0; t < 12; ++t) {
    const Tensor token = h.reshape({12, c.hidden_size}).slice(t, 1).reshape({1, 1, c.hidden_size});
    same =
        same &&
        (mla.decode(token, cache).view().row(0) - whole.view().row(t)).cwiseAbs().maxCoeff() < 1e-4;
  }
  std::printf("decoded from latents, the layer's outputs are %s\n",
              same ? "the same to 0.0001" : "others");

  // DeepSeek-V2: what a new token costs in one layer, its own projections aside, which
  // are the same for all three ways.
  const double H = 128, r = 512, d_n = 128, d_r = 64, d_v = 128;
  std::printf("\nDeepSeek-V2, one layer, one new token        multiplications     numbers read\n");
  for (const double S : {1024., 8192., 131072.}) {
    const double ready = S * H * (d_n + d_r + d_v);
    line(S, "keys and values cached", {ready, ready});
    line(S, "latents, expanded", {S * r * H * (d_n + d_v) + ready, S * (r + d_r)});
    line(S, "latents, absorbed", {H * r * (d_n + d_v) + S * H * (2 * r + d_r), S * (r + d_r)});
  }
  std::printf("\nexpanding is cheaper from %.0f new tokens at once on\n",
              r * (d_n + d_v) / (2 * r - d_n - d_v));
}
