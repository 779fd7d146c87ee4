#include "nn/mla.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  Config config;  // no two widths alike, so that what is taken for something else shows
  config.hidden_size = probe.between(8, 12), config.num_attention_heads = probe.between(2, 4);
  config.q_lora_rank = probe.between(6, 9), config.kv_lora_rank = probe.between(9, 11);
  config.qk_nope_head_dim = probe.between(7, 8), config.qk_rope_head_dim = 4, config.v_head_dim = probe.between(5, 6);
  config.rope_scaling =
      RopeScaling{.factor = 8, .original_max_position_embeddings = 64, .mscale = 0.7, .mscale_all_dim = 1};
  const MLA mla(config);
  for (const Tensor& t :
       {mla.q_a_proj.weight, mla.q_a_layernorm.weight, mla.q_b_proj.weight, mla.kv_a_proj_with_mqa.weight,
        mla.kv_a_layernorm.weight, mla.kv_b_proj.weight, mla.o_proj.weight})
    for (Index i = 0; i < t.size(); ++i) t.data()[i] = real(0.5 * probe.rng.normal());
  const Index B = 2, T = probe.between(4, 6), start = probe.between(1, 9), prompt = probe.between(2, 3);
  const Tensor h = Tensor::randn({B, T, config.hidden_size}, probe.rng);
  std::vector<std::int32_t> first(std::size_t(B * T), 0);
  for (Index t = 2; t < T; ++t) first[std::size_t(T + t)] = 2;  // the second sequence: two documents

  const std::string inputs = text("h ", h.shape(), ", ", mla.H, " heads, nope ", mla.nope, ", rope 4, rank ", mla.rank);
  probe.exercise("8.1", inputs + text(", start ", start), [&] {
    const Pair q = mla.query(h, start);
    probe.see("q_c", q.c), probe.see("q_r", q.r);
  });
  probe.exercise("8.2", inputs + text(", start ", start), [&] {
    const Pair fresh = mla.latent(h, start);
    probe.see("c_kv", fresh.c), probe.see("k_r", fresh.r);
  });
  probe.exercise("8.3", inputs + ", two documents", [&] { probe.see("u", mla.forward(h, first)); });
  probe.exercise("8.4", inputs + text(", ", prompt, " tokens at once, then one by one"), [&] {
    Cache cache = mla.make_cache(T);
    const Tensor sequence = h.slice(0, 1).reshape({T, config.hidden_size});
    for (Index done = 0, n = prompt; done < T; done += n, n = 1)
      probe.see(text("u", done), mla.decode(sequence.slice(done, n).reshape({1, n, config.hidden_size}), cache));
    probe.see("length", double(cache.length), 0);
  });
}

}  // namespace seekling
