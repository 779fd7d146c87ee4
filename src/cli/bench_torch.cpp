// seekling bench step --against torch: the same training step here and in PyTorch, side by side.
//
// A machine's speed drifts by more than what one program is ahead of another, so single runs say nothing. Programs take
// turns, each a process of its own, and only runs of the same round are compared: a round's ratio is ours over the fastest
// PyTorch in it. In the first round all variants run, in the others the two that were fastest.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "cli/bench.h"
#include "cli/course_child.h"
#include "core/check.h"
#include "core/parallel.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

constexpr Limits kLimits{.seconds = 3600, .memory_mib = 1 << 24, .file_mib = 1 << 12, .output_bytes = 1 << 20};

// The object that a program prints as its last line, behind whatever else it says.
Json answer_of(const std::vector<std::string>& words) {
  const Ended ended = run_child(words, fs::current_path(), kLimits);
  const std::size_t at = ended.output.rfind("\n{"), begin = at == std::string::npos ? 0 : at + 1;
  const Json answer = Json::parse(ended.output.substr(begin), nullptr, /*allow_exceptions=*/false);
  const std::string end = ended.output.substr(ended.output.size() - std::min<std::size_t>(ended.output.size(), 300));
  check(ended.well() && answer.is_object() && answer.contains("tokens_per_s"), "bench --against torch: ", words[0], " ",
        words[1], ended.well() ? " printed no result" : " " + how(ended, kLimits), "; its last words: ", end);
  return answer;
}

struct Peer {
  std::string variant, dtype;
  std::vector<double> rates = {};
  double mib = 0;

  std::string name() const { return variant + " " + dtype; }
  double last() const { return rates.back(); }
};

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return (all[(all.size() - 1) / 2] + all[all.size() / 2]) / 2;
}

void say(Index round, const std::string& name, const Json& answer) {
  std::fprintf(stderr, "round %td  %-20s %10.1f tokens/s %8.0f MiB\n", round + 1, name.c_str(),
               answer["tokens_per_s"].get<double>(), answer["peak_rss_mib"].get<double>());
}

}  // namespace

Json bench_against_torch(const std::string& model, const fs::path& config, const StepSize& size, Index steps,
                         const Against& against) {
  const Ended here = run_child({against.python, "-c", "import torch, transformers"}, fs::current_path(), kLimits);
  check(here.well(), "--against torch: ", against.python,
        " has no torch and transformers; pip install them, or name a Python that has them with --python");
  const std::vector<std::string> common{"--batch-size", text(size.batch_size), "--seq-len", text(size.seq_len),
                                        "--steps",      text(steps),           "--threads", text(threads())};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), common.begin(), common.end());
    return words;
  };
  std::vector<Peer> peers;
  for (const char* variant : {"plain-compiled", "plain", "hf-compiled", "hf"})
    for (const char* dtype : {"fp32", "bf16"})
      if (dtype == std::string("fp32") || against.dtype != "fp32") peers.push_back({variant, dtype});

  std::vector<Json> ours;
  std::vector<double> ratios, rates;
  for (Index round = 0; round < against.pairs; ++round) {
    ours.push_back(answer_of(with(
        {SEEKLING_BUILD "/src/cli/seekling", "bench", "step", "--json", "--model", model, "--dtype", against.dtype})));
    say(round, "seekling " + against.dtype, ours.back());
    rates.push_back(ours.back()["tokens_per_s"].get<double>());
    for (Peer& peer : peers) {
      const Json answer = answer_of(with({against.python, SEEKLING_ROOT "/tests/bench/peer_torch.py", config.string(),
                                          "--variant", peer.variant, "--dtype", peer.dtype}));
      say(round, peer.name(), answer);
      peer.rates.push_back(answer["tokens_per_s"].get<double>());
      peer.mib = std::max(peer.mib, answer["peak_rss_mib"].get<double>());
    }
    std::sort(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) { return a.last() > b.last(); });
    ratios.push_back(rates.back() / peers[0].last());
    if (round == 0) peers.resize(2);
  }
  std::sort(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) { return median(a.rates) > median(b.rates); });

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
