// Target id that the loss ignores (Hugging Face's -100).
#pragma once

#include <cstdint>

namespace seekling {

constexpr std::int32_t kIgnored = -100;

}  // namespace seekling
