// The speed of the rotary dimensions and the scale of the softmax, with or without YaRN.
#pragma once

#include "attention/rope.h"
#include "nn/config.h"

namespace seekling {

Rotary rotary_of(const Config& config, Index rope);  // `rope` dimensions turn
real softmax_scale(const Config& config, Index d);   // d^-0.5 times YaRN's temperature; d of q, k

}  // namespace seekling
