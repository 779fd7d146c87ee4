// DeepSeek-V2 (arXiv:2405.04434) §2 as a table of contents.
#include "attention/mla.h"
#include "experts/moe.h"
#include "model/block.h"
#include "model/versions.h"

namespace seekling {

// clang-format off
std::unique_ptr<Layer> deepseek_v2(const Config& c, Index i) {
  return std::make_unique<Block>(c,                       // Fig. 2: h ← h + f(RMSNorm(h))
      std::make_unique<MLA>(c),                           // §2.1 Multi-head Latent Attention
      make_feed_forward(c, i, deepseek_v2_router(c)));    // §2.2 DeepSeekMoE; §3.1.2 one is dense
}

RouterOptions deepseek_v2_router(const Config& c) {
  const bool limited = c.topk_method == "group_limited_greedy";  // greedy: V2-Lite, on one device
  return {.K = c.num_experts_per_tok,
          .affinity = Affinity::kSoftmax,                 // (22)
          .n_group = limited ? c.n_group : 1,             // §2.2.2 device-limited routing:
          .topk_group = limited ? c.topk_group : 1,       //        the best M of D devices
          .group_score = GroupScore::kBest,
          .choice = Choice::kAffinity,                    // (21); balanced by losses, §2.2.3
          .gate = Gate::kAffinity,                        // (21)
          .routed_scaling_factor = real(c.routed_scaling_factor)};
}
// clang-format on

}  // namespace seekling
