// The size of a model, by its config alone: parameters, work and cache.
#pragma once

#include "nn/config.h"

namespace seekling {

struct Size {
  Index total = 0;      // parameters, correction biases included
  Index activated = 0;  // of them, those that one token meets; both tables counted
};
Size size_of(const Config& config);      // without the modules of multi-token prediction
Size mtp_size_of(const Config& config);  // only the modules; the shared tables count in `activated`

// Floating-point operations of the forward pass for one token that attends to `context` tokens
// (a multiply-add is two).
double forward_flops(const Config& config, double context);
// Of reading a prompt until the logits of its last token are known. Of all others only the cache
// is wanted, so they meet no head, and nothing of the last layer but what makes its cache.
double prompt_flops(const Config& config, double tokens);
double mtp_flops(const Config& config, double context);  // of the modules, the head included

// Values cached per token in all layers: (kv_lora_rank + qk_rope_head_dim) L for MLA.
Index cache_elements(const Config& config);
// The same if each layer cached the keys and values of key_heads heads instead.
Index cache_elements_of_heads(const Config& config, Index key_heads);

}  // namespace seekling
