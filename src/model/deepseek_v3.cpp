// DeepSeek-V3 (arXiv:2412.19437) §2 as a table of contents. Changes since V2: a different router,
// and multi-token-prediction modules after the last layer (§2.2: model/mtp.cpp).
#include "attention/mla.h"
#include "experts/moe.h"
#include "model/block.h"
#include "model/versions.h"

namespace seekling {

// clang-format off
std::unique_ptr<Layer> deepseek_v3(const Config& c, Index i) {
  return std::make_unique<Block>(c,                       // as in V2
      std::make_unique<MLA>(c),                           // §2.1.1 as in V2
      make_feed_forward(c, i, deepseek_v3_router(c)));    // §2.1.2 DeepSeekMoE; three are dense
}

RouterOptions deepseek_v3_router(const Config& c) {
  return {.K = c.num_experts_per_tok,
          .affinity = Affinity::kSigmoid,                 // (15)
          .n_group = c.n_group,                           // node-limited routing:
          .topk_group = c.topk_group,                     // the best M of the nodes
          .group_score = GroupScore::kSumOfBestTwo,
          .choice = Choice::kBiasedAffinity,              // (16); balanced without a loss
          .gate = c.norm_topk_prob ? Gate::kNormalised : Gate::kAffinity,  // (13)
          .routed_scaling_factor = real(c.routed_scaling_factor)};
}
// clang-format on

}  // namespace seekling
