// The arithmetic of DeepSeek-V2 (arXiv:2405.04434), table 1 and §3.1.2, term by term as the layers have their tensors.
#include "model/size.h"

namespace seekling {

static Index attention_parameters(const Config& c) {
  const Index D = c.hidden_size, H = c.num_attention_heads;
  if (c.attention != "mla") return 2 * D * H * c.head_dim + 2 * D * c.num_key_value_heads * c.head_dim;
  const Index q_dim = H * (c.qk_nope_head_dim + c.qk_rope_head_dim), rank = c.kv_lora_rank;
  const Index q = c.q_lora_rank == 0 ? D * q_dim : D * c.q_lora_rank + c.q_lora_rank + c.q_lora_rank * q_dim;
  return q + D * (rank + c.qk_rope_head_dim) + rank + rank * H * (c.qk_nope_head_dim + c.v_head_dim) +
         H * c.v_head_dim * D;
}

Size size_of(const Config& c) {
  const Index D = c.hidden_size, tables = (c.tie_word_embeddings ? 1 : 2) * c.vocab_size * D;
  const auto ffn = [D](Index width) { return 3 * D * width; };
  const Index bias = c.topk_method == "noaux_tc" ? c.n_routed_experts : 0;
  Size size{tables + D, tables + D};
  for (Index i = 0; i < c.num_hidden_layers; ++i) {
    const Index common = attention_parameters(c) + 2 * D;
    if (!c.is_moe(i)) {
      size.total += common + ffn(c.intermediate_size);
      size.activated += common + ffn(c.intermediate_size);
      continue;
    }
    const Index router = c.n_routed_experts * D + bias, shared = ffn(c.n_shared_experts * c.moe_intermediate_size);
    const Index expert = ffn(c.moe_intermediate_size);
    size.total += common + router + shared + c.n_routed_experts * expert;
    size.activated += common + router + shared + c.num_experts_per_tok * expert;
  }
  return size;
}

double forward_flops(const Config& c, double context) {
  const double width = c.attention == "mla" ? double(c.qk_nope_head_dim + c.qk_rope_head_dim + c.v_head_dim)
                                            : 2 * double(c.head_dim);
  const double attention = 2 * double(c.num_attention_heads) * width * context;
  return 2 * double(size_of(c).activated - c.vocab_size * c.hidden_size) + double(c.num_hidden_layers) * attention;
}

Index cache_elements(const Config& c) {
  if (c.attention != "mla") return 2 * c.num_key_value_heads * c.head_dim * c.num_hidden_layers;
  return (c.kv_lora_rank + c.qk_rope_head_dim) * c.num_hidden_layers;
}

Index cache_elements_of_heads(const Config& c, Index key_heads) {
  const Index head_dim = c.attention == "mla" ? c.qk_nope_head_dim : c.head_dim;
  return 2 * key_heads * head_dim * c.num_hidden_layers;
}

}  // namespace seekling
