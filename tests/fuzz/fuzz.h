// What a fuzz target is made of. libFuzzer (clang, SEEKLING_FUZZ=ON) calls it with inputs
// that it invents; with any compiler replay.cpp calls it with the files of tests/fuzz/corpus.
// An Error, our refusal in a sentence, is a good answer. Any other exception, and whatever
// a sanitizer sees, is a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace seekling {

template <class F>
bool accepted(F&& f) {
  try {
    f();
    return true;
  } catch (const Error&) {
    return false;
  }
}

inline std::string as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

[[noreturn]] inline void fault(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace seekling
