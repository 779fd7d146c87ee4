// Baselines for comparison (model_type seekling): any attention of attention/layer.cpp, any router;
// layers below first_k_dense_replace are dense.
#include "attention/layer.h"
#include "experts/moe.h"
#include "model/block.h"
#include "model/versions.h"

namespace seekling {

std::unique_ptr<Layer> baseline(const Config& c, Index i) {
  return std::make_unique<Block>(c, make_attention(c), make_feed_forward(c, i, baseline_router(c)));
}

// The router of V2 or V3, according to topk_method, with any affinity and gate.
RouterOptions baseline_router(const Config& c) {
  RouterOptions o = c.topk_method == "noaux_tc" ? deepseek_v3_router(c) : deepseek_v2_router(c);
  o.affinity = c.scoring_func == "sigmoid" ? Affinity::kSigmoid : Affinity::kSoftmax;
  o.gate = c.norm_topk_prob ? Gate::kNormalised : Gate::kAffinity;
  return o;
}

}  // namespace seekling
