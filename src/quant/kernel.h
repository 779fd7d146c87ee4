// What the innermost loops of inference do, and the choice of the instructions they do it in.
// kernel_loops.h has the loops, packed.cpp and attend.cpp those around them.
//
// One rule makes a token's numbers independent of what else is computed with it:
// every result is one chain of additions whose order depends on its own inputs alone,
// never on the row it stands in, on how many rows there are, or on where in memory they begin.
// So a sequence decoded alone, in a batch, or two tokens at a time (speculation) has the same bits.
// The order is that of one instruction set: another one adds sums across lanes differently,
// and so rounds differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/real.h"
#include "quant/format.h"

namespace seekling {

constexpr Index kPanel = 32;       // columns of a panel, outputs of a product
constexpr Index kPageTokens = 32;  // keys in a page of the cache
// Keys whose softmax attention takes at once; rows of scores are so long. Keys that are values too
// are met twice, and 128 of up to 512 numbers still lie in the second cache the second time.
constexpr Index kSpan = 128;

// Rows of x as the kernels of a format want them; ld counts elements. fp32: the numbers themselves.
// bf16: rounded to bf16. int8 and int4: blocks of 32 as int8 with a scale each, and Σ q of each
// block, which undoes the offset of the weights.
struct Operand {
  const real* f32;
  const std::uint16_t* bf16;
  const std::int8_t* q;
  const float* scale;
  const std::int32_t* sum;
  Index ld, blocks;  // blocks: from one row's scales to the next's
};

struct Instructions {
  int rows[4];  // at a time, by format
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
  // s becomes exp(scale s - m), m being the largest scale s of n scores and l the sum.
  void (*soften)(real* s, Index n, real scale, real& m, real& l);
  // acc[g,:] += Σ_j p[g,j] v_j; p has rows of kSpan.
  void (*gather)(real* acc, Index lda, const real* p, Index G, const real* v, Index ldv, Index n,
                 Index width);
};

// The files of these names: nullptr where they are compiled for another kind of machine.
const Instructions* kernel_avx512_bf16();  // Zen 4, Cooper Lake, Sapphire Rapids
const Instructions* kernel_avx512();       // with VNNI for bytes: Ice Lake
const Instructions* kernel_avx2();
const Instructions* kernel_portable();  // any machine; plain loops where real is double

std::vector<const Instructions*> kernels();  // those that this machine can run, the best first
const Instructions& kernel();                // the one in use: the best
const Instructions& set_kernel(const Instructions& other);  // for tests; returns the old

}  // namespace seekling
