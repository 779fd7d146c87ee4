// The indexer's scores in 8 bits, as DeepSeek's inference computes them.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

struct Fp8Vectors {
  std::vector<std::uint8_t> codes;  // E4M3, of x's shape [..,d]
  Tensor scale;                     // [..], powers of two
};

// The vectors in x [..,d], d a power of two up to 128, rotated by a Hadamard matrix and rounded.
Fp8Vectors rotated_fp8(const Tensor& x);

// I [B,T,T] from the rounded q [B,T,HI,d] and k [B,T,1,d]; 0 for keys after the query.
Tensor fp8_index_scores(const Fp8Vectors& q, const Fp8Vectors& k, const Tensor& w, real scale);

}  // namespace seekling
