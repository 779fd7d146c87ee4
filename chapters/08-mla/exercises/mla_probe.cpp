#include "attention/mla.h"
#include "attention_probe.h"

namespace seekling {

void probe(Probe& probe) {
  Config config;  // no two widths alike, so that what is taken for something else shows
  config.hidden_size = probe.between(8, 12), config.num_attention_heads = probe.between(2, 4);
  config.q_lora_rank = probe.between(6, 9), config.kv_lora_rank = probe.between(9, 11);
  config.qk_nope_head_dim = probe.between(7, 8), config.qk_rope_head_dim = 4,
  config.v_head_dim = probe.between(5, 6);
  config.rope_scaling = RopeScaling{
      .factor = 8, .original_max_position_embeddings = 64, .mscale = 0.7, .mscale_all_dim = 1};
  const MLA mla(config);
  for (const Tensor& t : {mla.q_a_proj.weight, mla.q_a_layernorm.weight, mla.q_b_proj.weight,
                          mla.kv_a_proj_with_mqa.weight, mla.kv_a_layernorm.weight,
                          mla.kv_b_proj.weight, mla.o_proj.weight})
    randomise(t, probe);
  const Index start = probe.between(1, 9);
  const TwoSequences two(config.hidden_size, probe);

  const std::string inputs = text("h ", two.h.shape(), ", ", mla.H, " heads, nope ", mla.nope,
                                  ", rope 4, rank ", mla.rank);
  probe.exercise("8.1a", inputs + text(", start ", start), [&] {
    const Pair q = mla.query(two.h, start);
    probe.see("q_c", q.c), probe.see("q_r", q.r);
  });
  probe.exercise("8.1b", inputs + text(", start ", start), [&] {
    const Pair fresh = mla.latent(two.h, start);
    probe.see("c_kv", fresh.c), probe.see("k_r", fresh.r);
  });
  probe.exercise("8.2", inputs + ", two documents", [&] {
    probe.see("u", mla.forward(two.h, {.mask = {.document_start = two.document_start}}));
  });
  probe.exercise("8.3", inputs + text(", ", two.prompt, " tokens at once, then one by one"),
                 [&] { two.see_decoding(mla, probe); });
}

}  // namespace seekling
