// Loops over threads, by OpenMP.
//
// The rule that keeps results equal to the bit for any number of threads: the loop is cut into
// pieces whose borders depend on the problem alone, each output number belongs to one piece,
// and a piece runs on one thread in order. No atomics, no reductions across threads. Which thread
// takes which piece then does not matter, so pieces are handed out as threads become free.
#pragma once

#include <algorithm>

#include "core/real.h"

namespace seekling {

int threads();              // how many a loop may use; at first all cores (or OMP_NUM_THREADS)
void set_threads(int n);    // n >= 1
bool in_parallel_region();  // a loop inside a loop runs on the thread it is on

// f(i) for i = 0 .. n-1, in pieces of `grain` consecutive i. f must not throw.
template <class F>
void parallel_for(Index n, Index grain, F&& f) {
  const Index pieces = (n + grain - 1) / grain;
  if (pieces <= 1 || threads() == 1 || in_parallel_region()) {
    for (Index i = 0; i < n; ++i) f(i);
    return;
  }
#pragma omp parallel for schedule(dynamic) num_threads(threads())
  for (Index piece = 0; piece < pieces; ++piece)
    for (Index i = piece * grain; i < std::min(n, (piece + 1) * grain); ++i) f(i);
}

// f(begin, length) for the stripes [begin, begin + length) of width `width` that cover 0 .. n-1.
template <class F>
void parallel_stripes(Index n, Index width, F&& f) {
  parallel_for((n + width - 1) / width, 1,
               [&](Index s) { f(s * width, std::min(width, n - s * width)); });
}

}  // namespace seekling
