// The tasks of seekling bench: step.cpp, torch.cpp and gemm.cpp measure training, infer.cpp and
// peers.cpp inference.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/products.h"
#include "core/rng.h"
#include "infer/decoder.h"

namespace seekling {

using Json = nlohmann::ordered_json;
using Ids = std::vector<std::int32_t>;

inline double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Times {  // in seconds
  double median, best;
};

inline Times measure(Index warmup, Index repeats, const std::function<void(Index)>& work) {
  for (Index i = 0; i < warmup; ++i) work(i);
  std::vector<double> all;
  for (Index i = 0; i < repeats; ++i) all.push_back(seconds([&] { work(warmup + i); }));
  std::sort(all.begin(), all.end());
  return {all[all.size() / 2], all[0]};
}

inline Ids random_ids(Index n, Index vocab, Rng& rng) {
  Ids ids;
  for (Index i = 0; i < n; ++i) ids.push_back(std::int32_t(rng.below(vocab)));
  return ids;
}

void print_field(const std::string& key, const Json& value);  // one line

struct StepSize {
  Index batch_size, seq_len;
  bool recompute = false, bf16_moments = false;
  Products products = Products::kFp32;
  Device device = Device::kCpu;
};
Json bench_step(const Config& config, const StepSize& size, Index steps);
void print_step(const Json& result);

struct Against {
  std::string python, dtype;
  Index pairs;
};
// Error if that Python has no torch. `config`: the model's file, for the other side.
Json bench_against_torch(const std::string& model, const std::filesystem::path& config,
                         const StepSize& size, Index steps, const Against& against);
// GFLOP/s of a layer's products for so many rows, in our loops and in the libraries
// that this machine has.
Json bench_gemm(const Config& config, Index rows, Index repeats);
void print_gemm(const Json& result);

// Bytes a second that all threads together read from memory, out of a block that no cache holds.
double memory_bandwidth();

Json bench_prefill(const Config& config, Index context, Index repeats, const Precision& precision);
Json bench_decode(const Config& config, Index context, Index tokens, const Precision& precision);
Json bench_kernels();  // of a GPU
Json bench_gpu_decode(const Config& config, Index context, Index tokens);

// A step's time, absorbed and naive, behind 1, 4, 16 ... tokens; and tokens a second of as many
// requests as a cache of `budget` bytes holds, with MHA, GQA, MQA and MLA in the same model.
Json bench_cache(Config config, Index longest, Index budget, Index repeats,
                 const Precision& precision);
void print_cache(const Json& result);

// Decoding and reading a prompt beside llama.cpp and, where that Python has it,
// transformers, in rounds.
struct PeerRuns {
  std::string python;
  Index rounds, gen;
  Format cache;
};
Json bench_peers(Config config, const PeerRuns& runs);
void print_peers(const Json& result);

// Text to ids beside tokenizers and tiktoken, in rounds.
struct TokenizerRuns {
  std::filesystem::path tokenizer;
  std::vector<std::filesystem::path> files;
  std::string python;
  Index rounds;
};
Json bench_tokenizer(const TokenizerRuns& runs);
void print_tokenizer(const Json& result);

}  // namespace seekling
