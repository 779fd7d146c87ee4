// seekling bench step --against torch: the same training step here and in PyTorch, side by side.
//
// A round's ratio is ours over the fastest PyTorch in it (bench_turns.h says why).
// In the first round all variants run, in the others the two that were fastest.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "bench/compare.h"
#include "core/check.h"
#include "core/parallel.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

constexpr const char* kAsks = "bench --against torch";

struct Variant {
  std::string variant, dtype;
  std::vector<double> rates = {};
  double mib = 0;

  std::string name() const { return variant + " " + dtype; }
  double last() const { return rates.back(); }
};

void say(Index round, const std::string& name, const Json& answer) {
  std::fprintf(stderr, "round %td  %-20s %10.1f tokens/s %8.0f MiB\n", round + 1, name.c_str(),
               answer["tokens_per_s"].get<double>(), answer["peak_rss_mib"].get<double>());
}

}  // namespace

Json bench_against_torch(const std::string& model, const fs::path& config, const StepSize& size,
                         Index steps, const Against& against) {
  check_unbound("--against torch");
  check(imports(against.python, "torch, transformers"), "--against torch: ", against.python,
        " has no torch and transformers; pip install them, or name a Python that has them with "
        "--python");
  const std::vector<std::string> common{
      "--batch-size", text(size.batch_size), "--seq-len", text(size.seq_len),
      "--steps",      text(steps),           "--threads", text(threads())};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), common.begin(), common.end());
    return words;
  };
  std::vector<std::string> us{SEEKLING_BUILD "/src/cli/seekling",
                              "bench",
                              "step",
                              "--json",
                              "--model",
                              model,
                              "--dtype",
                              against.dtype,
                              "--moments",
                              size.bf16_moments ? "bf16" : "fp32"};
  if (size.recompute) us.push_back("--recompute");
  std::vector<Variant> peers;
  for (const char* variant : {"plain-compiled", "plain", "hf-compiled", "hf"})
    for (const char* dtype : {"fp32", "bf16"})
      if (dtype == std::string("fp32") || against.dtype != "fp32")
        peers.push_back({variant, dtype});

  std::vector<Json> ours;
  std::vector<double> ratios, rates;
  for (Index round = 0; round < against.pairs; ++round) {
    ours.push_back(answer_of(kAsks, with(us)));
    say(round, "seekling " + against.dtype, ours.back());
    rates.push_back(ours.back()["tokens_per_s"].get<double>());
    for (Variant& peer : peers) {
      const Json answer = answer_of(
          kAsks, with({against.python, SEEKLING_ROOT "/tests/bench/peer_torch.py", config.string(),
                       "--variant", peer.variant, "--dtype", peer.dtype}));
      say(round, peer.name(), answer);
      peer.rates.push_back(answer["tokens_per_s"].get<double>());
      peer.mib = std::max(peer.mib, answer["peak_rss_mib"].get<double>());
    }
    std::sort(peers.begin(), peers.end(),
              [](const Variant& a, const Variant& b) { return a.last() > b.last(); });
    ratios.push_back(rates.back() / peers[0].last());
    if (round == 0) peers.resize(2);
  }
  std::sort(peers.begin(), peers.end(),
            [](const Variant& a, const Variant& b) { return median(a.rates) > median(b.rates); });

  Json result = *std::min_element(ours.begin(), ours.end(), [](const Json& a, const Json& b) {
    return a["tokens_per_s_best"] > b["tokens_per_s_best"];
  });
  const double mib = result["peak_rss_mib"].get<double>();
  result.update({{"tokens_per_s", median(rates)},
                 {"against", "torch"},
                 {"pairs", against.pairs},
                 {"peer", peers[0].name()},
                 {"peer_tokens_per_s", median(peers[0].rates)},
                 {"peer_peak_rss_mib", peers[0].mib},
                 {"ratio_median", median(ratios)},
                 {"ratio_min", *std::min_element(ratios.begin(), ratios.end())},
                 {"memory_ratio", mib / peers[0].mib},
                 {"ratios", ratios}});
  return result;
}

}  // namespace seekling
