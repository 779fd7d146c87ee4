// seekling bench tokenizer: text to ids, beside Hugging Face's tokenizers and OpenAI's tiktoken.
//
// In each round every program reads each file once, with a tokenizer that has seen no text yet:
// what a tokenizer remembers of the first pass makes the second one several times faster. The
// others get one thread. One thread is timed in seconds of the processor, so that programs that run
// beside these count little; several threads by the clock.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include "bench/compare.h"
#include "core/check.h"
#include "core/parallel.h"
#include "system/file.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLibraries[] = {"tokenizers", "tiktoken"};

struct Pass {
  double tokens_per_s, tokens_per_cpu_s;
  std::vector<TokenId> ids;
};

Pass first_pass(const Tokenizer& known, const std::string& text, int of_threads) {
  const int before = threads();
  const Tokenizer tokenizer(known.parts());
  Pass pass;
  set_threads(of_threads);
  const std::clock_t begin = std::clock();
  const double time = seconds([&] { pass.ids = tokenizer.encode(text); });
  const double cpu_time = double(std::clock() - begin) / CLOCKS_PER_SEC;
  set_threads(before);
  pass.tokens_per_s = double(pass.ids.size()) / time;
  pass.tokens_per_cpu_s = double(pass.ids.size()) / cpu_time;
  return pass;
}

struct Rates {
  std::vector<double> rates = {}, ratios = {};

  void add(double rate, double ratio) { rates.push_back(rate), ratios.push_back(ratio); }
  Json json() const {
    return {{"tokens_per_s", median(rates)},
            {"ratio", median(ratios)},
            {"least_ratio", *std::min_element(ratios.begin(), ratios.end())}};
  }
};

Json bench_file(const Tokenizer& tokenizer, const fs::path& file, const TokenizerRuns& runs) {
  const std::string text = read_file(file);
  std::vector<double> ours;
  Rates all_threads;
  std::map<std::string, Rates> of_library;
  std::size_t tokens = 0;
  for (Index round = 0; round < runs.rounds; ++round) {
    const Pass one = first_pass(tokenizer, text, 1);
    const Pass all = first_pass(tokenizer, text, threads());
    check(one.ids == all.ids, "bench tokenizer: ", file.string(),
          ": one thread and all threads give different ids");
    tokens = one.ids.size();
    ours.push_back(one.tokens_per_cpu_s);
    all_threads.add(all.tokens_per_s, all.tokens_per_s / one.tokens_per_s);
    for (const char* library : kLibraries) {
      const Json answer = answer_of(
          "bench tokenizer", {runs.python, SEEKLING_ROOT "/tests/bench/peer_tokenizers.py", library,
                              runs.tokenizer.string(), file.string()});
      const double rate = answer["tokens_per_s"].get<double>();
      of_library[library].add(rate, ours.back() / rate);
    }
  }
  Json row{{"file", file.string()}, {"mb", 1e-6 * double(text.size())},
           {"tokens", tokens},      {"tokens_per_s", median(ours)},
           {"threads", threads()},  {"all_threads", all_threads.json()}};
  for (const char* library : kLibraries) row[library] = of_library[library].json();
  std::fprintf(stderr, "%s\n", row.dump().c_str());
  return row;
}

}  // namespace

Json bench_tokenizer(const TokenizerRuns& runs) {
  check_unbound("bench tokenizer");
  check(imports(runs.python, "tokenizers, tiktoken"), "bench tokenizer: ", runs.python,
        " has no tokenizers and tiktoken; pip install tokenizers tiktoken, or name a Python that "
        "has them with --python");
  const Tokenizer tokenizer = read_tokenizer(runs.tokenizer);
  Json rows = Json::array();
  for (const fs::path& file : runs.files) rows.push_back(bench_file(tokenizer, file, runs));
  return {{"rounds", runs.rounds}, {"rows", rows}};
}

void print_tokenizer(const Json& r) {
  std::printf("tokens/s on one thread, medians of %ld rounds; ratios: median, then minimum\n",
              r["rounds"].get<long>());
  for (const Json& row : r["rows"]) {
    const double mb_per_token = row["mb"].get<double>() / row["tokens"].get<double>();
    std::printf("%s: %.1f MB, %.0f tokens/s, %.1f MB/s\n", row["file"].get<std::string>().c_str(),
                row["mb"].get<double>(), row["tokens_per_s"].get<double>(),
                mb_per_token * row["tokens_per_s"].get<double>());
    const auto print = [&](const std::string& name, const Json& other) {
      std::printf("  %-20s %12.0f %7.2f %7.2f\n", name.c_str(), other["tokens_per_s"].get<double>(),
                  other["ratio"].get<double>(), other["least_ratio"].get<double>());
    };
    print(text("on ", row["threads"].get<int>(), " threads"), row["all_threads"]);
    for (const char* library : kLibraries) print(text("over ", library), row[library]);
  }
}

}  // namespace seekling
