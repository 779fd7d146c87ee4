// Models to compare with (model_type seekling): any attention of attention/layer.cpp, any router,
// and dense layers only where first_k_dense_replace says so.
#include "attention/layer.h"
#include "experts/moe.h"
#include "model/block.h"
#include "model/versions.h"

namespace seekling {

std::unique_ptr<Layer> baseline(const Config& c, Index i) {
  return std::make_unique<Block>(c, make_attention(c), make_feed_forward(c, i, baseline_router(c)));
}

// V2's or V3's, by topk_method, with any affinity and gate.
RouterOptions baseline_router(const Config& c) {
  RouterOptions o = c.topk_method == "noaux_tc" ? deepseek_v3_router(c) : deepseek_v2_router(c);
  o.affinity = c.scoring_func == "sigmoid" ? Affinity::kSigmoid : Affinity::kSoftmax;
  o.gate = c.norm_topk_prob ? Gate::kNormalised : Gate::kAffinity;
  return o;
}

}  // namespace seekling
