// The formats in which inference keeps a model.
#pragma once

#include "quant/format.h"

namespace seekling {

// The cache of MLA. Absorbed: c^KV and k^R, V2 §2.1.2, W^UK moved into the query and W^UV into
// the output. Naive: keys and values of every head, as for MHA.
enum class Decoding { kAbsorbed, kNaive };

struct Precision {
  Format weights = Format::kF32;
  Format cache = Format::kF32;
  Decoding decoding = Decoding::kAbsorbed;
};

}  // namespace seekling
