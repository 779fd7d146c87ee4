// seekling bench: how fast this machine trains, decodes and multiplies.
//
// Times are of whole steps, after a warm-up; the median counts, and beside it stands the best. On a
// machine that does anything else the threads wait for each other, and the numbers mean nothing.
#include "bench/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "cli/command.h"
#include "console/device.h"
#include "console/flags.h"
#include "console/precision.h"
#include "core/parallel.h"
#include "interop/find_model.h"

namespace seekling {

namespace {

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  return double(usage.ru_maxrss) / 1024 / 1024;
#else
  return double(usage.ru_maxrss) / 1024;
#endif
}

// Sequences and their length, where the flags do not say: as much work a step as suits the preset.
StepSize usual_batch(const std::string& model) {
  if (model == "small") return {4, 512};
  if (model == "medium" || model == "large") return {2, 512};
  return {8, 256};
}

Json against_torch(const cxxopts::ParseResult& flags, const std::string& model,
                   const StepSize& size, Index steps) {
  return bench_against_torch(model, find_config_file(model), size, steps,
                             {flags["python"].as<std::string>(), flags["dtype"].as<std::string>(),
                              flags["pairs"].as<Index>()});
}

TokenizerRuns tokenizer_runs(const cxxopts::ParseResult& flags) {
  if (!flags.count("tokenizer")) throw Usage("bench tokenizer: --tokenizer is missing; see --help");
  if (!flags.count("data")) throw Usage("bench tokenizer: --data is missing; see --help");
  const auto files = all_of(flags, "data");
  return {flags["tokenizer"].as<std::string>(),
          {files.begin(), files.end()},
          flags["python"].as<std::string>(),
          flags["pairs"].as<Index>()};
}

void print(const Json& result) {
  for (const auto& [key, value] : result.items()) print_field(key, value);
}

}  // namespace

int bench_command(int argc, char** argv) {
  cxxopts::Options options("seekling bench", "Measures its own speed by one of several tasks.");
  // clang-format off
  options.add_options()
      ("task", "step, decode, prefill, cache, gemm, peers (decode and prefill, compared with"
       " llama.cpp and transformers), tokenizer (with tokenizers and tiktoken) or, on a GPU,"
       " kernels", cxxopts::value<std::string>(), "TASK")
      ("model", "a preset or a config.json",
       cxxopts::value<std::string>()->default_value("tiny"), "MODEL")
      ("steps", "number of measurements", cxxopts::value<Index>()->default_value("20"), "N")
      ("batch-size", "step and gemm: sequences in one forward pass (default: by preset, 2 to 8)",
       cxxopts::value<Index>(), "N")
      ("seq-len", "step and gemm: tokens in one sequence (default: by preset, 256 or 512)",
       cxxopts::value<Index>(), "N")
      ("recompute", "step: as train --recompute")
      ("moments", "step: number format of AdamW's moments, fp32 or bf16",
       cxxopts::value<std::string>()->default_value("fp32"), "TYPE")
      ("dtype", "step: number format of matrix products' inputs: fp32, bf16 or, on a GPU, tf32",
       cxxopts::value<std::string>()->default_value("fp32"), "TYPE")
      ("ctx", "decode: tokens before it; prefill: tokens in the prompt; cache: the longest "
       "context, 32768 if not given", cxxopts::value<Index>()->default_value("64"), "N")
      ("gen", "tokens to decode", cxxopts::value<Index>()->default_value("64"), "N")
      ("budget", "cache: MiB for the caches of all requests",
       cxxopts::value<Index>()->default_value("16"), "MIB")
      ("against", "step: another program to measure, alternating with this one: torch",
       cxxopts::value<std::string>(), "PEER")
      ("tokenizer", "tokenizer: a tokenizer.json, or a folder with one",
       cxxopts::value<std::string>(), "FILE")
      ("data", "tokenizer: text files", cxxopts::value<std::vector<std::string>>(), "FILE")
      ("python", "--against, peers and tokenizer: a Python that has torch and transformers,"
       " llama_cpp, or tokenizers and tiktoken",
       cxxopts::value<std::string>()->default_value("python3"), "FILE")
      ("pairs", "--against, peers and tokenizer: rounds",
       cxxopts::value<Index>()->default_value("5"), "N")
      ("json", "print one JSON object, for programs");
  // clang-format on
  options.positional_help("TASK");
  add_precision(options);
  add_device(options);
  const auto flags = parse(options, argc, argv, "task");
  const Device device = device_of(flags);
  const Precision precision = precision_of(flags);
  if (!flags.count("task"))
    throw Usage(
        "bench: found no task, expected step, decode, prefill, cache, gemm, peers or tokenizer");
  const std::string task = flags["task"].as<std::string>(), name = flags["model"].as<std::string>();
  const std::string dtype = flags["dtype"].as<std::string>(),
                    moments = flags["moments"].as<std::string>();
  const Products products = products_of(dtype);
  check_dtype(dtype, device);
  if (dtype != "fp32" && task != "step")
    throw Usage("--dtype: found " + dtype + ", expected fp32, or " + dtype + " with bench step");
  if (task == "kernels" && device == Device::kCpu)
    throw Usage("bench kernels: measures the kernels of a GPU; add --device cuda");
  if (device == Device::kCuda && task != "step" && task != "decode" && task != "kernels")
    throw Usage("--device cuda: found bench " + task + ", expected bench step, decode or kernels");
  if (moments != "fp32" && !(moments == "bf16" && task == "step"))
    throw Usage("--moments: found " + moments + ", expected fp32, or bf16 with bench step");
  for (const char* flag : {"steps", "batch-size", "seq-len", "ctx", "gen", "budget", "pairs"})
    if (flags.count(flag) && flags[flag].as<Index>() < 1)
      throw Usage(text("--", flag, ": found ", flags[flag].as<Index>(), ", expected at least 1"));
  Config config = find_config(name);
  StepSize size = usual_batch(name);
  if (flags.count("batch-size")) size.batch_size = flags["batch-size"].as<Index>();
  size.products = products, size.device = device;
  size.recompute = flags.count("recompute") > 0;
  size.bf16_moments = moments == "bf16";
  if (flags.count("seq-len")) size.seq_len = flags["seq-len"].as<Index>();
  const Index repeats = flags["steps"].as<Index>(), gen = flags["gen"].as<Index>();
  const Index context = task == "cache" && !flags.count("ctx") ? 32768 : flags["ctx"].as<Index>();
  const Index budget = flags["budget"].as<Index>() * 1048576;
  config.max_position_embeddings = std::max(config.max_position_embeddings, context + gen + 8);

  Json result{{"task", task}, {"model", name}, {"threads", threads()}, {"dtype", dtype}};
  const bool against = flags.count("against") > 0;
  if (against && (task != "step" || flags["against"].as<std::string>() != "torch"))
    throw Usage("--against: found " + flags["against"].as<std::string>() + " with bench " + task +
                ", expected torch with bench step");
  if (against) result.update(against_torch(flags, name, size, repeats));
  else if (task == "step") result.update(bench_step(config, size, repeats));
  else if (task == "prefill") result.update(bench_prefill(config, context, repeats, precision));
  else if (task == "decode" && device == Device::kCuda)
    result.update(bench_gpu_decode(config, context, gen));
  else if (task == "decode") result.update(bench_decode(config, context, gen, precision));
  else if (task == "kernels") result.update(bench_kernels());
  else if (task == "cache") result.update(bench_cache(config, context, budget, repeats, precision));
  else if (task == "gemm")
    result.update(bench_gemm(config, size.batch_size * size.seq_len, repeats));
  else if (task == "peers")
    result.update(bench_peers(config, {flags["python"].as<std::string>(),
                                       flags["pairs"].as<Index>(), gen, precision.cache}));
  else if (task == "tokenizer") result.update(bench_tokenizer(tokenizer_runs(flags)));
  else
    throw Usage("bench: found " + task +
                ", expected step, decode, prefill, cache, gemm, peers or tokenizer");
  if (!against) result["peak_rss_mib"] = peak_rss_mib();
  if (flags.count("json")) std::printf("%s\n", result.dump().c_str());
  else if (task == "cache") print_cache(result);
  else if (task == "step") print_step(result);
  else if (task == "gemm") print_gemm(result);
  else if (task == "peers") print_peers(result);
  else if (task == "tokenizer") print_tokenizer(result);
  else print(result);
  return 0;
}

}  // namespace seekling
