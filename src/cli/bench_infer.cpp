// seekling bench prefill and decode: how fast a prompt is read, and how fast an answer is written.
#include "cli/bench.h"
#include "infer/generate.h"
#include "model/size.h"

namespace seekling {

Json bench_prefill(const Config& config, Index context, Index repeats) {
  const Transformer model(config);
  model.initialise(1);
  const Decoder decoder(model);
  Rng rng(1);
  const Ids ids = random_ids(context, config.vocab_size, rng);
  const Times t = measure(1, repeats, [&](Index) { Generator(decoder, context).read(ids); });
  const double flops = forward_flops(config, double(context + 1) / 2) * double(context);
  return {{"ctx", context},
          {"tokens_per_s", double(context) / t.median},
          {"tokens_per_s_best", double(context) / t.best},
          {"gflops", 1e-9 * flops / t.median}};
}

Json bench_decode(const Config& config, Index context, Index tokens) {
  const Transformer model(config);
  model.initialise(1);
  const Decoder decoder(model);
  Rng rng(1);
  Generator generator(decoder, context + tokens + 8);
  generator.read(random_ids(context, config.vocab_size, rng));
  const Times t = measure(4, tokens, [&](Index) { generator.read(random_ids(1, config.vocab_size, rng)); });
  return {{"ctx", context},
          {"gen", tokens},
          {"tokens_per_s", 1 / t.median},
          {"tokens_per_s_best", 1 / t.best},
          {"gflops", 1e-9 * forward_flops(config, double(context) + double(tokens) / 2) / t.median}};
}

}  // namespace seekling
