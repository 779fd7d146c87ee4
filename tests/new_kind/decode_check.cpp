// Checks of the new kind. Inference equals the equations: each token from the cache, in parts
// of any length, and by the layers' own decode(). A model that is saved in the folder of the
// argument and loaded has the same bits. Exit status 1 if not.
#include <filesystem>
#include <iostream>

#include "infer/decoder.h"
#include "interop/checkpoint.h"

using namespace seekling;

static double difference(View a, View b) {
  return double((a.matrix() - b.matrix()).cwiseAbs().maxCoeff());
}

int main(int, char** arguments) {
  Config c;
  c.model_type = "seekling", c.attention = "window", c.vocab_size = 23, c.hidden_size = 16,
  c.num_hidden_layers = 2, c.num_attention_heads = 4, c.num_key_value_heads = 2, c.head_dim = 6,
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.moe_intermediate_size = 8,
  c.intermediate_size = 24, c.initializer_range = 0.3;
  const Transformer model(c);
  model.initialise(1);
  std::vector<std::int32_t> ids(100);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = std::int32_t(i * i % 23);

  Losses losses;
  const Tensor whole = model.hidden(ids, 1, 100, {}, losses).reshape({100, 16});
  double worst = 0;
  const Decoder decoder(model);
  for (const Index part : {1, 7, 100}) {
    Pages pages = decoder.make_pages(4);
    Sequence sequence;
    std::vector<Cache> caches = model.make_caches(100);
    for (Index t = 0; t < 100; t += part) {
      const Index n = std::min(part, 100 - t);
      const auto these = std::span(ids).subspan(std::size_t(t), std::size_t(n));
      const View expected = whole.view().middle_rows(t, n);
      const Tensor found = decoder.prefill(sequence, these, pages, n);
      worst = std::max(worst, difference(found, expected));
      worst = std::max(worst, difference(model.decode(these, caches).reshape({n, 16}), expected));
    }
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  save_weights(folder, model);
  const Transformer loaded(c);
  load_weights(folder, loaded);
  const double moved = difference(loaded.hidden(ids, 1, 100, {}, losses).reshape({100, 16}), whole);

  // A token outside the window of both layers has no influence, one inside has.
  const Tensor before = model.hidden(ids, 1, 100, {}, losses).reshape({100, 16});
  ids[99 - 2 * 15 - 1] = 5;
  const Tensor outside = model.hidden(ids, 1, 100, {}, losses).reshape({100, 16});
  ids[99 - 2 * 15] = 5;
  const Tensor inside = model.hidden(ids, 1, 100, {}, losses).reshape({100, 16});
  const double none = difference(before.slice(99, 1), outside.slice(99, 1)),
               some = difference(outside.slice(99, 1), inside.slice(99, 1));
  std::cout << "decoding differs by " << worst << "; a loaded model by " << moved
            << "; a token outside the window by " << none << ", one inside by " << some << "\n";
  return worst < 2e-5 && moved == 0 && none == 0 && some > 0 ? 0 : 1;
}
