#include "attention/gqa.h"
#include "attention_probe.h"

namespace seekling {

void probe(Probe& probe) {
  Config config;
  config.attention = "gqa";
  config.num_key_value_heads = probe.between(2, 3),
  config.num_attention_heads = 2 * config.num_key_value_heads;
  config.head_dim = 2 * probe.between(2, 4), config.hidden_size = probe.between(9, 12);
  const GQA gqa(config);
  for (const Linear* l : {&gqa.q_proj, &gqa.k_proj, &gqa.v_proj, &gqa.o_proj})
    randomise(l->weight, probe);
  const TwoSequences two(config.hidden_size, probe);

  const std::string inputs = text("h ", two.h.shape(), ", ", gqa.H, " heads of ", gqa.head_dim,
                                  ", ", gqa.key_heads, " key heads");
  probe.exercise("6.1", inputs + ", two documents", [&] {
    probe.see("u", gqa.forward(two.h, {.mask = {.document_start = two.document_start}}));
  });
  probe.exercise("6.2", inputs + text(", ", two.prompt, " tokens at once, then one by one"),
                 [&] { two.see_decoding(gqa, probe); });
}

}  // namespace seekling
