// The kinds of attention.
#include "attention/layer.h"

#include "attention/gqa.h"
#include "attention/mla.h"

namespace seekling {

std::unique_ptr<Attention> make_attention(const Config& config) {
  if (config.attention == "mla") return std::make_unique<MLA>(config);
  return std::make_unique<GQA>(config);
}

}  // namespace seekling
