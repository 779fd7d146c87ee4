// seekling bench peers: the same weights here, in llama.cpp and in transformers, side by side.
// A prompt is read by tests/bench/peer_torch.py's plain PyTorch as well.
//
// A round's ratio is ours over theirs in that round (bench_turns.h says why). Each run warms up,
// and reads other random ids. llama.cpp keeps its cache in f16, transformers in fp32;
// ours is in the format of --cache.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/compare.h"
#include "core/check.h"
#include "core/parallel.h"
#include "infer/generate.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/gguf_checkpoint.h"
#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

struct Peer {
  const char* name;
  std::vector<std::string> command;
  std::vector<double> rates = {}, ratios = {};  // ours over theirs
};

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
    times.erase(times.begin(), times.begin() + kWarmup + 1);  // the first needs only the prompt
  }
  return 1 / median(times);
}

}  // namespace

Json bench_peers(Config config, const PeerRuns& runs) {
  check_unbound("bench peers");
  check(imports(runs.python, "llama_cpp, numpy"), "bench peers: ", runs.python,
        " has no llama_cpp; pip install llama-cpp-python, or name a Python that has it with "
        "--python");
  const bool transformers = imports(runs.python, "torch, transformers");
  if (!transformers)
    std::fprintf(stderr, "note: %s has no torch and transformers\n", runs.python.c_str());
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
          work.prefill ? std::vector<std::string>{"--prefill", text(work.ctx), "--repetitions", "3"}
                       : std::vector<std::string>{"--ctx",        text(work.ctx),  "--gen",
                                                  text(runs.gen), "--repetitions", "1"};
      const auto with = [&](const char* script, const fs::path& file,
                            std::vector<std::string> words) {
        words.insert(words.begin(), {runs.python, text(SEEKLING_ROOT, "/tests/bench/", script),
                                     file.string(), "--threads", text(threads())});
        return words;
      };
      std::vector<Peer> peers{{"llama_cpp", with("peer_llamacpp.py", gguf, flags)}};
      if (transformers && weights == Format::kF32) {
        peers.push_back({"transformers", with("peer_transformers.py", scratch.path, flags)});
        if (work.prefill)
          peers.push_back(
              {"torch", with("peer_torch.py", scratch.path / "config.json",
                             {"--prefill", text(work.ctx), "--variant", "plain", "--steps", "3"})});
      }
      std::vector<double> ours;
      for (Index round = 0; round < runs.rounds; ++round) {
        ours.push_back(our_rate(decoder, work, runs.gen, rng));
        for (Peer& peer : peers) {
          peer.rates.push_back(
              answer_of("bench peers", peer.command)["tokens_per_s"].get<double>());
          peer.ratios.push_back(ours.back() / peer.rates.back());
        }
      }
      Json result{{"task", work.prefill ? "prefill" : "decode"},
                  {"ctx", work.ctx},
                  {"weights", name(weights)},
                  {"tokens_per_s", median(ours)}};
      for (const Peer& peer : peers)
        result.update({{text(peer.name, "_tokens_per_s"), median(peer.rates)},
                       {text("ratio_to_", peer.name), median(peer.ratios)}});
      if (!work.prefill) {
        const Index held = work.ctx + runs.gen / 2;
        const double bytes = double(decoder.weight_bytes().per_token +
                                    held * decoder.make_pages(1).bytes_per_token());
        result["share_of_memory"] = bytes * median(ours) / bandwidth;
      }
      rows.push_back(result);
      std::fprintf(stderr, "%s\n", result.dump().c_str());
    }
  }
  return {{"rounds", runs.rounds},
          {"cache", name(runs.cache)},
          {"memory_gb_per_s", 1e-9 * bandwidth},
          {"rows", rows}};
}

void print_peers(const Json& r) {
  std::printf("tokens/s, medians of %ld rounds; memory reads %.1f GB/s\n", r["rounds"].get<long>(),
              r["memory_gb_per_s"].get<double>());
  std::printf("                         ours  of memory");
  for (const char* peer : {"llama.cpp", "transformers", "torch"})
    std::printf("  %12s   ratio", peer);
  std::printf("\n");
  for (const Json& row : r["rows"]) {
    std::printf("%-7s %4ld  %-5s %10.0f", row["task"].get<std::string>().c_str(),
                row["ctx"].get<long>(), row["weights"].get<std::string>().c_str(),
                row["tokens_per_s"].get<double>());
    if (row.contains("share_of_memory"))
      std::printf("  %8.0f%%", 100 * row["share_of_memory"].get<double>());
    else std::printf("           ");
    for (const std::string peer : {"llama_cpp", "transformers", "torch"})
      if (row.contains("ratio_to_" + peer))
        std::printf("  %12.0f %7.2f", row[peer + "_tokens_per_s"].get<double>(),
                    row["ratio_to_" + peer].get<double>());
    std::printf("\n");
  }
}

}  // namespace seekling
