// Loops over threads, by OpenMP.
//
// The rule that keeps results equal to the bit for any number of threads: the loop is cut into
// pieces whose borders depend on the problem alone, each output number belongs to one piece,
// and a piece runs on one thread in order. No atomics, no reductions across threads. Which thread
// takes which piece then does not matter, so pieces are handed out as threads become free.
#pragma once

#include <algorithm>
#include <exception>

#include "core/real.h"

namespace seekling {

int threads();              // how many a loop may use; at first all cores (or OMP_NUM_THREADS)
void set_threads(int n);    // n >= 1
bool in_parallel_region();  // a loop inside a loop runs on the thread it is on

// The error of the first piece that failed, whichever thread met it first.
class FirstError {
 public:
  void keep(Index at);  // the exception that is being handled; any thread may call it
  void rethrow() const {
    if (error) std::rethrow_exception(error);
  }

 private:
  Index piece = 0;
  std::exception_ptr error;
};

// f(i) for i = 0 .. n-1, in pieces of `grain` consecutive i. If f throws, its piece ends there, and
// after the loop the error of the smallest i is thrown, with any number of threads the same.
template <class F>
void parallel_for(Index n, Index grain, F&& f) {
  const Index pieces = (n + grain - 1) / grain;
  if (pieces <= 1 || threads() == 1 || in_parallel_region()) {
    for (Index i = 0; i < n; ++i) f(i);
    return;
  }
  FirstError error;  // an exception that left the parallel region would end the program
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

// f(begin, length) for the stripes [begin, begin + length) of width `width` that cover 0 .. n-1.
template <class F>
void parallel_stripes(Index n, Index width, F&& f) {
  parallel_for((n + width - 1) / width, 1,
               [&](Index s) { f(s * width, std::min(width, n - s * width)); });
}

}  // namespace seekling
