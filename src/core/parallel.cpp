#include "core/parallel.h"

#include <omp.h>

#include <algorithm>

#include "core/check.h"

namespace seekling {

static constexpr int kMostThreads = 1024;  // more must be a mistake: each takes megabytes

static int& thread_count() {
  static int count = std::min(omp_get_max_threads(), kMostThreads);
  return count;
}

int threads() { return thread_count(); }

void set_threads(int n) {
  check(n >= 1, "--threads: found ", n, ", expected at least 1");
  check(n <= kMostThreads, "--threads: found ", n, ", expected at most ", kMostThreads);
  thread_count() = n;
}

void FirstError::keep(Index at) {
#pragma omp critical(first_error)
  if (!error || at < piece) {
    piece = at;
    error = std::current_exception();
  }
}

bool in_parallel_region() { return omp_in_parallel() != 0; }

}  // namespace seekling
