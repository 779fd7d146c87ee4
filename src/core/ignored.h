// The mark of a target that is not counted in the loss: what batches put there and cross-entropy
// passes over. Hugging Face's number.
#pragma once

#include <cstdint>

namespace seekling {

constexpr std::int32_t kIgnored = -100;

}  // namespace seekling
