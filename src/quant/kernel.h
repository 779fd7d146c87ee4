// The interface of the innermost loops of inference, and the choice of an instruction set.
// kernel_loops.h has the loops, packed.cpp and attend.cpp the loops around them.
//
// One rule makes the results of a token independent of what else is computed with it: every result
// is one chain of additions whose order depends only on its own inputs, never on the row's index,
// the number of rows, or their alignment in memory. So a sequence decoded alone, in a batch, or two
// tokens at a time (speculative decoding) has the same bits. The order is fixed per instruction
// set: another one adds across lanes in another order, and so rounds differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/real.h"
#include "quant/format.h"

namespace seekling {

constexpr Index kPanel = 32;       // columns of a panel, outputs of a product
constexpr Index kPageTokens = 32;  // keys in a page of the cache
// Number of keys per softmax step, and the length of a row of scores. In MLA keys are also values
// and are read twice; 128 keys of up to 512 values still fit the L2 cache for the second read.
constexpr Index kSpan = 128;

// Rows of x in the form that the kernels of a format need; ld counts elements. fp32: unchanged.
// bf16: rounded to bf16. int8 and int4: blocks of 32 as int8, each with its scale and with Σ q,
// which corrects for the offset of the weights.
struct Operand {
  const real* f32;
  const std::uint16_t* bf16;
  const std::int8_t* q;
  const float* scale;
  const std::int32_t* sum;
  Index ld, blocks;  // blocks: from one row's scales to the next's
};

struct Instructions {
  int rows[4];  // rows of x per call, by format
  // y[n,m] = x panelᵀ: n rows of x from `row` on, m <= kPanel columns.
  using Multiply = void(real* y, Index ldy, Index n, Index m, const Operand& x, Index row,
                        const std::byte* panel, Index K);
  Multiply* multiply[4];
  // x as the blocks of an operand in int8: K numbers, of which those behind the first n are 0.
  void (*to_int8)(std::int8_t* q, float* scale, std::int32_t* sum, const real* x, Index n, Index K);
  // s[g,j] = q_g·k_j for n keys; s has rows of kSpan. `next`, if not nullptr: keys that
  // memory is to bring meanwhile.
  void (*scores)(real* s, const real* q, Index ldq, Index G, const real* k, Index ldk, Index n,
                 Index width, const real* next);
  // Softmax without the division: s = exp(scale s - m), m the largest of the n values scale s, l
  // the sum.
  void (*soften)(real* s, Index n, real scale, real& m, real& l);
  // acc[g,:] += Σ_j p[g,j] v_j; p has rows of kSpan.
  void (*gather)(real* acc, Index lda, const real* p, Index G, const real* v, Index ldv, Index n,
                 Index width);
};

// Each is nullptr if compiled for another kind of machine.
const Instructions* kernel_avx512_bf16();  // Zen 4, Cooper Lake, Sapphire Rapids
const Instructions* kernel_avx512();       // with VNNI for bytes: Ice Lake
const Instructions* kernel_avx2();
const Instructions* kernel_portable();  // any machine; plain loops where real is double

std::vector<const Instructions*> kernels();  // those that this machine can run, the best first
const Instructions& kernel();                // the one in use: the best
const Instructions& set_kernel(const Instructions& other);  // for tests; returns the old

}  // namespace seekling
