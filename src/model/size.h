// The size of a model, computed from its config: parameters, FLOPs and cache.
#pragma once

#include "nn/config.h"

namespace seekling {

struct Size {
  Index total = 0;      // parameters, correction biases included
  Index activated = 0;  // parameters used by one token, including embedding and head
};
Size size_of(const Config& config);      // without the multi-token-prediction modules
Size mtp_size_of(const Config& config);  // only the modules; `activated` includes shared tables

// FLOPs of the forward pass for one token that attends to `context` tokens (a multiply-add is two).
double forward_flops(const Config& config, double context);
// FLOPs of prefill up to the logits of the last prompt token. Other tokens only fill the cache:
// they skip the output head and, in the last layer, everything except the cache projections.
double prompt_flops(const Config& config, double tokens);
double mtp_flops(const Config& config, double context);  // of the modules, including the head

// Values cached per token in all layers: (kv_lora_rank + qk_rope_head_dim) L for MLA.
Index cache_elements(const Config& config);
// The same if each layer cached the keys and values of key_heads heads instead.
Index cache_elements_of_heads(const Config& config, Index key_heads);

}  // namespace seekling
