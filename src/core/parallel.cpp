#include "core/parallel.h"

#include <omp.h>

#include "core/check.h"

namespace seekling {

static int& thread_count() {
  static int count = omp_get_max_threads();
  return count;
}

int threads() { return thread_count(); }

void set_threads(int n) {
  check(n >= 1, "--threads: found ", n, ", expected at least 1");
  thread_count() = n;
}

bool in_parallel_region() { return omp_in_parallel() != 0; }

}  // namespace seekling
