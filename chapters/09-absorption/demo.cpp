// Absorption: the same answers from latents that are never expanded, and what each way costs with the sizes of DeepSeek-V2.
#include <cstdio>

#include "nn/mla.h"
#include "ops/per_head.h"

using namespace seekling;

namespace {

struct Way {
  const char* name;
  double multiplications, reads;  // of one layer, to write a token behind S cached ones
};

// What a new token costs in the attention of one layer, its own projections aside, which are the same for all.
std::vector<Way> ways(const Config& c, double S) {
  const double n = double(c.num_attention_heads), dn = double(c.qk_nope_head_dim), dr = double(c.qk_rope_head_dim);
  const double dv = double(c.v_head_dim), r = double(c.kv_lora_rank);
  return {{"keys and values cached", S * n * (dn + dr + dv), S * n * (dn + dr + dv)},
          {"latents, expanded", S * r * n * (dn + dv) + S * n * (dn + dr + dv), S * (r + dr)},
          {"latents, absorbed", n * r * (dn + dv) + S * n * (2 * r + dr), S * (r + dr)}};
}

Config deepseek_v2() {
  Config c;
  c.hidden_size = 5120, c.num_attention_heads = 128, c.q_lora_rank = 1536, c.kv_lora_rank = 512;
  c.qk_nope_head_dim = 128, c.qk_rope_head_dim = 64, c.v_head_dim = 128;
  return c;
}

void randomise(const MLA& mla, Rng& rng) {
  for (const Linear* l : std::initializer_list<const Linear*>{&mla.q_a_proj, &mla.q_b_proj, &mla.kv_a_proj_with_mqa,
                                                              &mla.kv_b_proj, &mla.o_proj})
    for (Index i = 0; i < l->weight.size(); ++i) l->weight.data()[i] = real(0.2 * rng.normal());
  for (const RmsNorm* norm : {&mla.q_a_layernorm, &mla.kv_a_layernorm}) norm->weight.view().matrix().setOnes();
}

}  // namespace

int main() {
  Config c;
  c.hidden_size = 32, c.num_attention_heads = 2, c.q_lora_rank = 24, c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8, c.qk_rope_head_dim = 4, c.v_head_dim = 6;
  Rng rng(9);
  const MLA mla(c);
  randomise(mla, rng);

  const Tensor h = Tensor::randn({1, 12, c.hidden_size}, rng);
  const Pair q = mla.query(h, 0), key = mla.latent(h, 0);
  const Tensor W = mla.kv_b_proj.weight.reshape({2, (8 + 6) * 16});  // [H, (nope + v_head_dim) · rank]
  const Tensor W_UK = W.columns(0, 8 * 16);
  const Tensor absorbed = per_head(q.c, W_UK, 8);  // [1,12,2,rank]
  const Tensor keys = mla.kv_b_proj(key.c.reshape({1, 12, 16})).reshape({1, 12, 2, 14});
  std::printf("content scores of token 11, head 1, with the tokens 0, 1, 2\n");
  for (const char* way : {"q . (W_UK c)", "(W_UK' q) . c"}) {
    std::printf("%-15s", way);
    for (Index j = 0; j < 3; ++j) {
      const auto key_j = keys.view().row(j * 2 + 1).head(8);
      const auto latent_j = key.c.view().row(j);
      const double score = way[0] == 'q' ? double(q.c.view().row(11 * 2 + 1).dot(key_j))
                                         : double(absorbed.view().row(11 * 2 + 1).dot(latent_j));
      std::printf("%9.4f", score);
    }
    std::printf("\n");
  }

  const Tensor whole = mla.forward(h, {}), rows = h.reshape({12, c.hidden_size});
  Cache cache = mla.make_cache(12);
  bool same = true;
  for (Index t = 0; t < 12; ++t) {
    const Tensor u = mla.decode(rows.slice(t, 1).reshape({1, 1, c.hidden_size}), cache);
    same = same && (u.view().row(0) - whole.view().row(t)).cwiseAbs().maxCoeff() < 1e-4;
  }
  std::printf("decoded from latents, the layer's outputs are %s\n", same ? "the same to 0.0001" : "others");

  std::printf("\nDeepSeek-V2, one layer, one new token        multiplications     numbers read\n");
  for (const double S : {1024., 8192., 131072.})
    for (const Way& way : ways(deepseek_v2(), S))
      std::printf("%8.0f cached  %-24s %14.0f M %14.1f M\n", S, way.name, way.multiplications / 1e6, way.reads / 1e6);

  const Config v2 = deepseek_v2();
  const double r = double(v2.kv_lora_rank), dn = double(v2.qk_nope_head_dim), dv = double(v2.v_head_dim);
  std::printf("\nexpanding is cheaper from %.0f new tokens at once on\n", r * (dn + dv) / (2 * r - dn - dv));
}
