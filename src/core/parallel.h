// Loops over threads, by OpenMP.
//
// One rule makes results bit-identical for any number of threads: the loop is cut into pieces whose
// bounds depend only on the problem, each output element belongs to one piece, and a piece runs in
// order on one thread. There are no atomics and no reductions across threads. It does not matter
// which thread runs which piece, so threads take pieces dynamically.
#pragma once

#include <algorithm>
#include <exception>

#include "core/real.h"

namespace seekling {

int threads();              // the most that a loop uses; initially all cores or OMP_NUM_THREADS
void set_threads(int n);    // n >= 1
bool in_parallel_region();  // a nested loop runs on the calling thread

// The error of the first piece that failed, in loop order, not in order of time.
class FirstError {
 public:
  void keep(Index at);  // keeps the exception being handled; any thread may call it
  void rethrow() const {
    if (error) std::rethrow_exception(error);
  }

 private:
  Index piece = 0;
  std::exception_ptr error;
};

// Calls f(i) for i = 0 .. n-1, in pieces of `grain` consecutive i. If f throws, its piece ends, and
// after the loop the error with the smallest i is rethrown, the same for any number of threads.
template <class F>
void parallel_for(Index n, Index grain, F&& f) {
  const Index pieces = (n + grain - 1) / grain;
  if (pieces <= 1 || threads() == 1 || in_parallel_region()) {
    for (Index i = 0; i < n; ++i) f(i);
    return;
  }
  FirstError error;  // an exception must not leave the parallel region
#pragma omp parallel for schedule(dynamic) num_threads(threads())
  for (Index piece = 0; piece < pieces; ++piece) {
    try {
      for (Index i = piece * grain; i < std::min(n, (piece + 1) * grain); ++i) f(i);
    } catch (...) {
      error.keep(piece);
    }
  }
  error.rethrow();
}

// Calls f(begin, length) for stripes [begin, begin + length) of width `width` that cover 0 .. n-1.
template <class F>
void parallel_stripes(Index n, Index width, F&& f) {
  parallel_for((n + width - 1) / width, 1,
               [&](Index s) { f(s * width, std::min(width, n - s * width)); });
}

}  // namespace seekling
