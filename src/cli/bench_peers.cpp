// seekling bench peers: the same weights here, in llama.cpp and in transformers, side by side.
//
// A round's ratio is ours over theirs in that round (bench_turns.h says why). Each run warms up, and reads other random
// ids. llama.cpp keeps its cache in f16, transformers in fp32; ours is in the format of --cache.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/bench_turns.h"
#include "cli/scratch.h"
#include "core/check.h"
#include "core/parallel.h"
#include "infer/generate.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/file.h"
#include "interop/gguf_checkpoint.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

double rate_of(const std::vector<std::string>& words) {
  return answer_of("bench peers", words)["tokens_per_s"].get<double>();
}

struct Work {
  bool prefill;
  Index ctx;
};

double our_rate(const Decoder& decoder, const Work& work, Index gen, Rng& rng) {
  constexpr Index kWarmup = 4;
  std::vector<double> times;
  if (work.prefill) {
    for (int i = 0; i < 4; ++i) {
      const Ids ids = random_ids(work.ctx, decoder.config.vocab_size, rng);
      times.push_back(seconds([&] { Generator(decoder, work.ctx).read(ids); }) / double(work.ctx));
    }
    times.erase(times.begin());
  } else {
    Generator generator(decoder, work.ctx + gen + kWarmup + 1);
    generator.read(random_ids(work.ctx, decoder.config.vocab_size, rng));
    auto before = std::chrono::steady_clock::now();
    generator.generate(gen + kWarmup + 1, {.temperature = 0}, /*eos=*/-1, [&](std::int32_t) {
      const auto now = std::chrono::steady_clock::now();
      times.push_back(std::chrono::duration<double>(now - before).count());
      before = now;
      return true;
    });
    times.erase(times.begin(), times.begin() + kWarmup + 1);  // the first comes at once, from the prompt's logits
  }
  return 1 / median(times);
}

}  // namespace

Json bench_peers(Config config, const PeerRuns& runs) {
  check(imports(runs.python, "llama_cpp, numpy"), "bench peers: ", runs.python,
        " has no llama_cpp; pip install llama-cpp-python, or name a Python that has it with --python");
  const bool transformers = imports(runs.python, "torch, transformers");
  if (!transformers) std::fprintf(stderr, "note: %s has no torch and transformers\n", runs.python.c_str());
  constexpr Work kWork[] = {{false, 64}, {false, 2048}, {true, 512}};
  config.max_position_embeddings = std::max<Index>(config.max_position_embeddings, 4096);

  Transformer model(config);
  model.initialise(1);
  const Scratch scratch;
  write_file(scratch.path / "config.json", config_json(config, "float32"));
  if (transformers) save_weights(scratch.path, model);
  const double bandwidth = memory_bandwidth();
  Json rows = Json::array();
  Rng rng(1);
  for (const Format weights : {Format::kF32, Format::kInt8}) {
    const fs::path gguf = scratch.path / (name(weights) + ".gguf");
    save_gguf(gguf, model, {.dtype = weights == Format::kF32 ? "F32" : "Q8_0"});
    const Decoder decoder(model, {.weights = weights, .cache = runs.cache});
    for (const Work& work : kWork) {
      const std::vector<std::string> flags =
          work.prefill ? std::vector<std::string>{"--prefill", text(work.ctx)}
                       : std::vector<std::string>{"--ctx", text(work.ctx), "--gen", text(runs.gen)};
      const auto rate_with = [&](const char* script, const fs::path& file) {
        std::vector<std::string> words{runs.python,
                                       text(SEEKLING_ROOT, "/tests/bench/", script),
                                       file.string(),
                                       "--threads",
                                       text(threads()),
                                       "--repetitions",
                                       work.prefill ? "3" : "1"};
        words.insert(words.end(), flags.begin(), flags.end());
        return rate_of(words);
      };
      std::vector<double> ours, llama, hf, llama_ratios, hf_ratios;
      for (Index round = 0; round < runs.rounds; ++round) {
        ours.push_back(our_rate(decoder, work, runs.gen, rng));
        llama.push_back(rate_with("peer_llamacpp.py", gguf));
        llama_ratios.push_back(ours.back() / llama.back());
        if (!transformers || weights != Format::kF32) continue;
        hf.push_back(rate_with("peer_transformers.py", scratch.path));
        hf_ratios.push_back(ours.back() / hf.back());
      }
      Json result{{"task", work.prefill ? "prefill" : "decode"},
                  {"ctx", work.ctx},
                  {"weights", name(weights)},
                  {"tokens_per_s", median(ours)},
                  {"llama_cpp_tokens_per_s", median(llama)},
                  {"ratio_to_llama_cpp", median(llama_ratios)}};
      if (!hf.empty())
        result.update({{"transformers_tokens_per_s", median(hf)}, {"ratio_to_transformers", median(hf_ratios)}});
      if (!work.prefill) {
        const Index held = work.ctx + runs.gen / 2;
        const double bytes = double(decoder.weight_bytes_per_token() + held * decoder.make_pages(1).bytes_per_token());
        result["share_of_memory"] = bytes * median(ours) / bandwidth;
      }
      rows.push_back(result);
      std::fprintf(stderr, "%s\n", result.dump().c_str());
    }
  }
  return {{"rounds", runs.rounds}, {"cache", name(runs.cache)}, {"memory_gb_per_s", 1e-9 * bandwidth}, {"rows", rows}};
}

void print_peers(const Json& r) {
  std::printf("tokens/s, medians of %ld rounds; memory reads %.1f GB/s\n", r["rounds"].get<long>(),
              r["memory_gb_per_s"].get<double>());
  std::printf("                         ours  of memory   llama.cpp   ratio   transformers   ratio\n");
  for (const Json& row : r["rows"]) {
    std::printf("%-7s %4ld  %-5s %10.0f", row["task"].get<std::string>().c_str(), row["ctx"].get<long>(),
                row["weights"].get<std::string>().c_str(), row["tokens_per_s"].get<double>());
    if (row.contains("share_of_memory")) std::printf("  %8.0f%%", 100 * row["share_of_memory"].get<double>());
    else std::printf("           ");
    std::printf("  %10.0f %7.2f", row["llama_cpp_tokens_per_s"].get<double>(), row["ratio_to_llama_cpp"].get<double>());
    if (row.contains("ratio_to_transformers"))
      std::printf("     %10.0f %7.2f", row["transformers_tokens_per_s"].get<double>(),
                  row["ratio_to_transformers"].get<double>());
    std::printf("\n");
  }
}

}  // namespace seekling
