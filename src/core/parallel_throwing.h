// A parallel loop whose body may throw.
#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "core/parallel.h"

namespace seekling {

// As parallel_for. After the loop the error of the smallest i is thrown.
template <class F>
void parallel_for_throwing(Index n, Index grain, F&& f) {
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(n));
  parallel_for(n, grain, [&](Index i) {
    try {
      f(i);
    } catch (...) {
      errors[std::size_t(i)] = std::current_exception();
    }
  });
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace seekling
