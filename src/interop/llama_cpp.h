// The models that llama.cpp computes otherwise than their own classes do, found in its source
// (src/models/deepseek2.cpp and src/llama-graph.cpp, as in llama-cpp-python 0.3.36) and by
// tests/parity/test_gguf_shapes.py.
#pragma once

#include "nn/config.h"

namespace seekling {

// Error, one sentence, for a model that llama.cpp would compute otherwise, or not at all.
void check_llama_cpp(const Config& config);

}  // namespace seekling
