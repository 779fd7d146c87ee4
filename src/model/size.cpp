// The size of a model, counted on the model itself: its layers know their parameters, their caches
// and the FLOPs of their attention. A Transformer allocates no memory for untouched parameters
// (tensor/storage.h), so counting the 671 billion of DeepSeek-V3 takes a few milliseconds.
#include "model/size.h"

#include "model/transformer.h"

namespace seekling {

// Is this a matrix of routed experts? A token uses num_experts_per_tok experts in each layer.
static bool is_routed_expert(const std::string& name) {
  return name.find(".experts.") != std::string::npos;
}

// The size of all parameters that `walk` visits. The experts of a layer have equal sizes.
static Size count(const Config& c, const std::function<void(const Visitor&)>& walk) {
  Index common = 0, routed = 0;
  walk([&](const std::string& name, const Tensor& p) {
    (is_routed_expert(name) ? routed : common) += p.size();
  });
  const Index chosen = routed > 0 ? routed / c.n_routed_experts * c.num_experts_per_tok : 0;
  return {common + routed, common + chosen};
}

static Transformer without_mtp(Config c) {
  c.num_nextn_predict_layers = 0;
  return Transformer(c);
}

Size size_of(const Config& c) {
  const Transformer model = without_mtp(c);
  return count(c, [&](const Visitor& visit) { model.for_each_parameter(visit); });
}

static Index table(const Config& c) { return c.vocab_size * c.hidden_size; }  // embedding or head
static Index tables(const Config& c) { return (c.tie_word_embeddings ? 1 : 2) * table(c); }

Size mtp_size_of(const Config& c) {
  const Transformer model(c);
  Size size = count(c, [&](const Visitor& visit) {
    for (const Mtp& depth : model.mtp) depth.parameters("", visit);
  });
  if (!model.mtp.empty()) size.activated += tables(c);
  return size;
}

// Σ of(attention) over the layers, without the multi-token-prediction modules.
template <class Of>
static auto over_layers(const Config& c, const Of& of) {
  const Transformer model = without_mtp(c);
  decltype(of(model.layers[0]->attention())) sum = 0;
  for (const auto& layer : model.layers) sum += of(layer->attention());
  return sum;
}

static Index looked_up(const Config& c) { return c.tie_word_embeddings ? 0 : table(c); }

// 2 for each parameter that multiplies the token; the embedding is a look-up and does not.
double forward_flops(const Config& c, double context) {
  return 2 * double(size_of(c).activated - looked_up(c)) +
         over_layers(c, [=](const Attention& a) { return a.flops(context); });
}

double prompt_flops(const Config& c, double tokens) {
  Config earlier = c;  // the layers before the last
  --earlier.num_hidden_layers;
  const Index cached = cache_elements(c) - cache_elements(earlier);
  const double head = 2 * double(table(c)), cache = 2 * double(c.hidden_size * cached);
  return forward_flops(c, tokens) - forward_flops(earlier, tokens) + head +
         tokens * (forward_flops(earlier, (tokens + 1) / 2) - head) + (tokens - 1) * cache;
}

double mtp_flops(const Config& c, double context) {
  const Transformer model(c);
  if (model.mtp.empty()) return 0;
  const Index depths = Index(model.mtp.size());
  double flops = 2 * double(mtp_size_of(c).activated - tables(c) + depths * table(c));
  for (const Mtp& depth : model.mtp) flops += depth.block->attention().flops(context);
  return flops;
}

Index cache_elements(const Config& c) {
  return over_layers(c, [](const Attention& a) { return a.cache_row().elements(); });
}

Index cache_elements_of_heads(const Config& c, Index key_heads) {
  return over_layers(c, [=](const Attention& a) { return 2 * key_heads * a.head_width(); });
}

}  // namespace seekling
