#include "model/versions.h"

namespace seekling {

std::unique_ptr<Layer> make_layer(const Config& c, Index i) {
  if (c.model_type == "deepseek_v2") return deepseek_v2(c, i);
  if (c.model_type == "deepseek_v3") return deepseek_v3(c, i);
  if (c.model_type == "deepseek_v32") return deepseek_v32(c, i);
  return baseline(c, i);
}

RouterOptions make_router(const Config& c) {
  if (c.model_type == "deepseek_v2") return deepseek_v2_router(c);
  if (c.model_type == "deepseek_v3" || c.model_type == "deepseek_v32") return deepseek_v3_router(c);
  return baseline_router(c);
}

}  // namespace seekling
