// The versions of the model, one file each: the attention, router, feed-forward layer and residual
// connection of its layers. Read side by side, the files show what changed from paper to paper.
#pragma once

#include <memory>

#include "experts/router.h"
#include "model/layer.h"
#include "nn/config.h"

namespace seekling {

// A layer, and the router of those layers that have experts.
std::unique_ptr<Layer> deepseek_v2(const Config& config, Index layer);
RouterOptions deepseek_v2_router(const Config& config);
std::unique_ptr<Layer> deepseek_v3(const Config& config, Index layer);
RouterOptions deepseek_v3_router(const Config& config);
std::unique_ptr<Layer> deepseek_v32(const Config& config, Index layer);  // with V3's router
std::unique_ptr<Layer> baseline(const Config& config, Index layer);
RouterOptions baseline_router(const Config& config);

// Selected by the config's model_type. Layers num_hidden_layers and later are the blocks of the
// multi-token-prediction modules.
std::unique_ptr<Layer> make_layer(const Config& config, Index layer);
RouterOptions make_router(const Config& config);

}  // namespace seekling
