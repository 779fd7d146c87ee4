#pragma once
#include <span>
#include "tensor/view.h"
namespace seekling {
struct Gemm { View c, a, b; };
enum class Accumulate { kNo, kYes };
void gemm_nt(std::span<const Gemm> group, Accumulate = Accumulate::kNo);
void gemm_nn(std::span<const Gemm> group, Accumulate = Accumulate::kNo);
void gemm_tn(std::span<const Gemm> group, Accumulate = Accumulate::kNo);
void gemm_nt(View c, View a, View b, Accumulate = Accumulate::kNo);
void gemm_nn(View c, View a, View b, Accumulate = Accumulate::kNo);
void gemm_tn(View c, View a, View b, Accumulate = Accumulate::kNo);
}
