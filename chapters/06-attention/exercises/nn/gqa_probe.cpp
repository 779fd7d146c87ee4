#include "nn/gqa.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  Config config;
  config.attention = "gqa";
  config.num_key_value_heads = probe.between(2, 3), config.num_attention_heads = 2 * config.num_key_value_heads;
  config.head_dim = 2 * probe.between(2, 4), config.hidden_size = probe.between(9, 12);
  const GQA gqa(config);
  for (const Linear* l : {&gqa.q_proj, &gqa.k_proj, &gqa.v_proj, &gqa.o_proj})
    for (Index i = 0; i < l->weight.size(); ++i) l->weight.data()[i] = real(0.5 * probe.rng.normal());
  const Index B = 2, T = probe.between(4, 6), prompt = probe.between(2, 3);
  const Tensor h = Tensor::randn({B, T, config.hidden_size}, probe.rng);
  std::vector<std::int32_t> first(std::size_t(B * T), 0);
  for (Index t = 2; t < T; ++t) first[std::size_t(T + t)] = 2;  // the second sequence: two documents

  const std::string inputs =
      text("h ", h.shape(), ", ", gqa.H, " heads of ", gqa.head_dim, ", ", gqa.key_heads, " key heads");
  probe.exercise("6.1", inputs + ", two documents", [&] { probe.see("u", gqa.forward(h, first)); });
  probe.exercise("6.2", inputs + text(", ", prompt, " tokens at once, then one by one"), [&] {
    Cache cache = gqa.make_cache(T);
    const Tensor sequence = h.slice(0, 1).reshape({T, config.hidden_size});
    for (Index done = 0, n = prompt; done < T; done += n, n = 1)
      probe.see(text("u", done), gqa.decode(sequence.slice(done, n).reshape({1, n, config.hidden_size}), cache));
    probe.see("length", double(cache.length), 0);
  });
}

}  // namespace seekling
