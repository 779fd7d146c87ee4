// seekling bench prefill, decode and cache: how fast a prompt is read and an answer is written,
// and what the cache costs.
//
// A decoding step reads every weight that its token meets, and the token's cache, once,
// and does little else: the machine's memory is the limit. Beside each speed stands its share
// of what reading alone reaches.
#include <cstdio>
#include <numeric>

#include "bench/bench.h"
#include "core/parallel.h"
#include "infer/generate.h"
#include "infer/scheduler.h"
#include "model/size.h"

namespace seekling {

double memory_bandwidth() {
  constexpr Index kNumbers = 1 << 25, kPiece = 1 << 14;                        // 256 MiB
  PooledLines lines(size_t(kNumbers) * sizeof(std::uint64_t) / sizeof(Line));  // like weights
  auto* const block = reinterpret_cast<std::uint64_t*>(lines.data());
  std::fill_n(block, kNumbers, 1);
  std::vector<std::uint64_t> sums(size_t(kNumbers / kPiece));
  const double time = measure(1, 5, [&](Index) {
                        parallel_stripes(kNumbers, kPiece, [&](Index i, Index n) {
                          sums[size_t(i / kPiece)] =
                              std::accumulate(&block[size_t(i)], &block[size_t(i)] + n, 0ull);
                        });
                      }).best;
  check(std::accumulate(sums.begin(), sums.end(), 0ull) == std::uint64_t(kNumbers),
        "bench: the sum of what was read from memory is wrong");
  return double(kNumbers * 8) / time;
}

namespace {

Decoder random_decoder(const Config& config, const Precision& precision) {
  const Transformer model(config);
  model.initialise(1);
  return Decoder(model, precision);
}

void add_formats(Json& json, const Precision& precision) {
  json["weights"] = name(precision.weights), json["cache"] = name(precision.cache);
}

}  // namespace

Json bench_prefill(const Config& config, Index context, Index repeats, const Precision& precision) {
  const Decoder decoder = random_decoder(config, precision);
  Rng rng(1);
  const Ids ids = random_ids(context, config.vocab_size, rng);
  const Times t = measure(1, repeats, [&](Index) { Generator(decoder, context).read(ids); });
  Json result{{"ctx", context},
              {"tokens_per_s", double(context) / t.median},
              {"tokens_per_s_best", double(context) / t.best},
              {"gflops", 1e-9 * prompt_flops(config, double(context)) / t.median}};
  add_formats(result, precision);
  return result;
}

Json bench_decode(const Config& config, Index context, Index tokens, const Precision& precision) {
  const Decoder decoder = random_decoder(config, precision);
  Rng rng(1);
  Generator generator(decoder, context + tokens + 8);
  generator.read(random_ids(context, config.vocab_size, rng));
  const Times t =
      measure(4, tokens, [&](Index) { generator.read(random_ids(1, config.vocab_size, rng)); });
  const double read =
      double(decoder.weight_bytes().per_token) +
      (double(context) + double(tokens) / 2) * double(generator.cache().bytes_per_token());
  const double bandwidth = memory_bandwidth();
  Json result{
      {"ctx", context},
      {"gen", tokens},
      {"tokens_per_s", 1 / t.median},
      {"tokens_per_s_best", 1 / t.best},
      {"gflops", 1e-9 * forward_flops(config, double(context) + double(tokens) / 2) / t.median},
      {"mb_per_token", 1e-6 * read},
      {"gb_per_s", 1e-9 * read / t.median},
      {"memory_gb_per_s", 1e-9 * bandwidth},
      {"share_of_memory", read / t.median / bandwidth}};
  add_formats(result, precision);
  return result;
}

namespace {

// Milliseconds of a step behind `context` tokens. What they are makes no difference to the time,
// so the cache is taken as it is made, all zeros, instead of reading them.
double step_ms(const Decoder& decoder, Index context, Index repeats) {
  Pages pages = decoder.make_pages(Pages::needed(context + 1));
  Sequence sequence;
  pages.make_room(sequence, context + 1);
  const Times t = measure(2, repeats, [&](Index) {
    sequence.length = context;
    const Decoder::Token token{&sequence, 1};
    decoder.logits(decoder.step(std::span(&token, 1), pages));
  });
  return 1e3 * t.median;
}

// The same model with key and value heads instead of latents: as many query heads, each
// as wide as MLA's nope part.
Config with_heads(Config c, Index key_heads) {
  c.attention = "gqa", c.head_dim = c.qk_nope_head_dim, c.num_key_value_heads = key_heads;
  return c;
}

// Requests of `prompt` tokens with `answer` to come, over a cache of so many bytes.
Json throughput(const Config& config, const Precision& precision, const std::string& what,
                Index budget, Index prompt, Index answer) {
  const Decoder decoder = random_decoder(config, precision);
  const Index page = decoder.make_pages(1).bytes(), pages = budget / page;
  const Index at_once = std::clamp<Index>(pages / Pages::needed(prompt + answer), 1, 64);
  check(pages >= Pages::needed(prompt + answer), "bench cache: ", budget,
        " bytes are too few for a request of ", prompt + answer, " tokens with ", what);
  Scheduler scheduler(decoder, pages, 64);
  Rng rng(1);
  for (Index i = 0; i < at_once; ++i)
    scheduler.submit({random_ids(prompt, config.vocab_size, rng), answer});
  scheduler.step();  // all have joined
  const Index before = scheduler.steps();
  const double time = seconds([&] {
    while (scheduler.step()) {
    }
  });
  return {{"attention", what},
          {"bytes_per_token", decoder.make_pages(1).bytes_per_token()},
          {"requests", at_once},
          {"tokens_per_s", double(at_once * (scheduler.steps() - before)) / time},
          {"ms_per_step", 1e3 * time / double(scheduler.steps() - before)},
          {"preemptions", scheduler.preemptions()}};
}

}  // namespace

Json bench_cache(Config config, Index longest, Index budget, Index repeats,
                 const Precision& precision) {
  // Absorbed against naive decoding: memory and time of a step by context length.
  config.max_position_embeddings = std::max(config.max_position_embeddings, longest + 1);
  Precision p = precision;
  p.decoding = Decoding::kAbsorbed;
  const Decoder absorbed = random_decoder(config, p);
  p.decoding = Decoding::kNaive;
  const Decoder naive = random_decoder(config, p);
  Json steps = Json::array();
  for (Index context = 1; context <= longest;
       context = context < longest ? std::min(4 * context, longest) : longest + 1) {
    const auto mib = [&](const Decoder& d) {
      return double(context * d.make_pages(1).bytes_per_token()) / 1048576;
    };
    steps.push_back({{"ctx", context},
                     {"absorbed_mib", mib(absorbed)},
                     {"naive_mib", mib(naive)},
                     {"absorbed_ms", step_ms(absorbed, context, repeats)},
                     {"naive_ms", step_ms(naive, context, repeats)}});
  }

  // Tokens per second of as many requests as one budget for the cache holds, by kind of attention.
  constexpr Index kPrompt = 96, kAnswer = 64;
  // Two query heads share a key head.
  const Index H = config.num_attention_heads, groups = H % 2 == 0 ? H / 2 : 1;
  Json batches = Json::array();
  batches.push_back(throughput(with_heads(config, H), precision, "MHA", budget, kPrompt, kAnswer));
  batches.push_back(throughput(with_heads(config, groups), precision,
                               text("GQA, ", groups, " key heads"), budget, kPrompt, kAnswer));
  batches.push_back(throughput(with_heads(config, 1), precision, "MQA", budget, kPrompt, kAnswer));
  batches.push_back(throughput(config, precision, "MLA", budget, kPrompt, kAnswer));
  Json result{{"budget_mib", double(budget) / 1048576},
              {"prompt", kPrompt},
              {"answer", kAnswer},
              {"steps", steps},
              {"batches", batches}};
  add_formats(result, precision);
  return result;
}

void print_cache(const Json& r) {
  std::printf(
      "a step after a context    cache, MiB: absorbed     naive   time, ms: absorbed     naive\n");
  for (const Json& s : r["steps"])
    std::printf("  %6ld %36.3f %9.3f %20.3f %9.3f\n", s["ctx"].get<long>(),
                s["absorbed_mib"].get<double>(), s["naive_mib"].get<double>(),
                s["absorbed_ms"].get<double>(), s["naive_ms"].get<double>());
  std::printf("\nrequests of %ld prompt tokens and %ld new tokens, in a cache of %.1f MiB\n",
              r["prompt"].get<long>(), r["answer"].get<long>(), r["budget_mib"].get<double>());
  for (const Json& b : r["batches"])
    std::printf(
        "  %-18s %6ld bytes a token   %3ld requests at once   %8.0f tokens/s   %8.3f ms a step\n",
        b["attention"].get<std::string>().c_str(), b["bytes_per_token"].get<long>(),
        b["requests"].get<long>(), b["tokens_per_s"].get<double>(), b["ms_per_step"].get<double>());
}

}  // namespace seekling
