// The arithmetic of DeepSeek-V2 (arXiv:2405.04434), table 1 and §3.1.2, term by term
// as the layers have their tensors.
#include "model/size.h"

namespace seekling {

static Index attention_parameters(const Config& c) {
  const Index D = c.hidden_size, H = c.num_attention_heads;
  if (c.attention != "mla")
    return 2 * D * H * c.head_dim + 2 * D * c.num_key_value_heads * c.head_dim;
  const Index q_dim = H * (c.qk_nope_head_dim + c.qk_rope_head_dim), rank = c.kv_lora_rank;
  const Index q =
      c.q_lora_rank == 0 ? D * q_dim : D * c.q_lora_rank + c.q_lora_rank + c.q_lora_rank * q_dim;
  return q + D * (rank + c.qk_rope_head_dim) + rank +
         rank * H * (c.qk_nope_head_dim + c.v_head_dim) + H * c.v_head_dim * D;
}

static Index table(const Config& c) { return c.vocab_size * c.hidden_size; }  // embedding or head
static Index tables(const Config& c) { return (c.tie_word_embeddings ? 1 : 2) * table(c); }

static Size layer_size(const Config& c, Index i) {
  const Index D = c.hidden_size, common = attention_parameters(c) + 2 * D;
  const auto ffn = [D](Index width) { return 3 * D * width; };
  if (!c.is_moe(i)) return {common + ffn(c.intermediate_size), common + ffn(c.intermediate_size)};
  const Index bias = c.topk_method == "noaux_tc" ? c.n_routed_experts : 0;
  const Index always =
      common + c.n_routed_experts * D + bias + ffn(c.n_shared_experts * c.moe_intermediate_size);
  const Index expert = ffn(c.moe_intermediate_size);
  return {always + c.n_routed_experts * expert, always + c.num_experts_per_tok * expert};
}

Size size_of(const Config& c) {
  Size size{tables(c) + c.hidden_size, tables(c) + c.hidden_size};
  for (Index i = 0; i < c.num_hidden_layers; ++i) {
    size.total += layer_size(c, i).total;
    size.activated += layer_size(c, i).activated;
  }
  return size;
}

Size mtp_size_of(const Config& c) {
  Size size{0, c.num_nextn_predict_layers > 0 ? tables(c) : 0};
  const Index D = c.hidden_size, around = 3 * D + 2 * D * D;  // enorm, hnorm, head norm; eh_proj
  for (Index k = 0; k < c.num_nextn_predict_layers; ++k) {
    size.total += around + layer_size(c, c.num_hidden_layers + k).total;
    size.activated += around + layer_size(c, c.num_hidden_layers + k).activated;
  }
  return size;
}

// 2 for each parameter met, the embedding's apart, which is a look-up; and scores and values
// of attention, a layer.
static double attention_flops(const Config& c, double context) {
  const double width = c.attention == "mla"
                           ? double(c.qk_nope_head_dim + c.qk_rope_head_dim + c.v_head_dim)
                           : 2 * double(c.head_dim);
  return 2 * double(c.num_attention_heads) * width * context;
}

static Index looked_up(const Config& c) { return c.tie_word_embeddings ? 0 : table(c); }

double forward_flops(const Config& c, double context) {
  return 2 * double(size_of(c).activated - looked_up(c)) +
         double(c.num_hidden_layers) * attention_flops(c, context);
}

double prompt_flops(const Config& c, double tokens) {
  Config earlier = c;  // the layers before the last
  --earlier.num_hidden_layers;
  const Index cached = cache_elements(c) / c.num_hidden_layers;
  const double head = 2 * double(table(c)), cache = 2 * double(c.hidden_size * cached);
  return forward_flops(c, tokens) - forward_flops(earlier, tokens) + head +
         tokens * (forward_flops(earlier, (tokens + 1) / 2) - head) + (tokens - 1) * cache;
}

double mtp_flops(const Config& c, double context) {
  const Index depths = c.num_nextn_predict_layers;
  if (depths == 0) return 0;
  const double parameters = double(mtp_size_of(c).activated - tables(c) + depths * table(c));
  return 2 * parameters + double(depths) * attention_flops(c, context);
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
