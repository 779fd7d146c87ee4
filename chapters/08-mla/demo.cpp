// What attention remembers of a token: MHA, GQA, MQA and MLA with the sizes of DeepSeek-V2, measured on caches that are
// really allocated; then MLA at work on such a cache.
#include <cstdio>

#include "model/size.h"
#include "model/transformer.h"

using namespace seekling;

namespace {

constexpr Index kTokens = 16;  // room in each cache that is measured
constexpr double kLongContext = 128 * 1024, kGiB = 1 << 30;

Config deepseek_v2() {  // its attention; the feed-forward layers are left dense, since they cache nothing
  Config c;
  c.hidden_size = 5120, c.num_hidden_layers = 60, c.first_k_dense_replace = 60;
  c.num_attention_heads = 128, c.head_dim = 128;
  c.q_lora_rank = 1536, c.kv_lora_rank = 512;
  c.qk_nope_head_dim = 128, c.qk_rope_head_dim = 64, c.v_head_dim = 128;
  return c;
}

// Numbers a token, by the memory that the caches take. A tensor's memory appears when it is first
// touched, so the 236 billion weights of the model, which nobody touches here, cost nothing.
Index measured(const Config& config) {
  const Transformer model(config);
  const std::vector<Cache> caches = model.make_caches(kTokens);
  const std::size_t before = pool::bytes_in_use();
  for (const Cache& cache : caches)
    for (const Tensor& held : {cache.key.c, cache.key.r, cache.value})
      if (held.defined()) held.data();
  return Index((pool::bytes_in_use() - before) / sizeof(real)) / kTokens;
}

void line(const char* name, Index numbers, Index layers, double mha) {
  std::printf("%-14s %9td a token %6td a layer %7.2f %% %8.2f GiB\n", name, numbers, numbers / layers,
              100 * double(numbers) / mha, 2 * kLongContext * double(numbers) / kGiB);
}

// A small model reads the same tokens twice: all at once, and one by one through its cache.
double largest_difference() {
  Config c;
  c.vocab_size = 64, c.hidden_size = 32, c.num_hidden_layers = 3, c.q_lora_rank = 24, c.kv_lora_rank = 16;
  c.initializer_range = 0.1;
  const Transformer model(c);
  model.initialise(/*seed=*/8);
  std::vector<std::int32_t> ids;
  for (std::int32_t t = 0; t < 40; ++t) ids.push_back(t * t % 64);
  Pass pass;
  const Tensor whole = model.hidden(ids, 1, 40, pass);
  std::vector<Cache> caches = model.make_caches(40);
  double worst = 0;
  for (Index t = 0; t < 40; ++t) {
    const Tensor h = model.decode({&ids[std::size_t(t)], 1}, caches);
    worst = std::max(worst, double((h.view().row(0) - whole.view().row(t)).cwiseAbs().maxCoeff()));
  }
  return worst;
}

}  // namespace

int main() {
  const Config mla = deepseek_v2();
  Config heads = mla;
  heads.attention = "gqa";
  std::printf("Numbers cached, measured, with 60 layers and 128 heads of 128; GiB: 128K tokens, 2 bytes a number\n");
  const double mha = double(cache_elements_of_heads(mla, 128));
  for (const auto& [name, key_heads] : {std::pair("MHA", 128), {"GQA, 8 heads", 8}, {"MQA", 1}}) {
    heads.num_key_value_heads = key_heads;
    line(name, measured(heads), 60, mha);
  }
  line("MLA", measured(mla), 60, mha);

  std::printf("\nMLA by the formula (kv_lora_rank + qk_rope_head_dim) * num_hidden_layers\n");
  for (const auto& [name, layers, H] : {std::tuple("V2-Lite", 27, 16), {"V2", 60, 128}, {"V3", 61, 128}}) {
    Config released = mla;
    released.num_hidden_layers = layers;
    line(name, cache_elements(released), layers, double(cache_elements_of_heads(released, H)));
  }

  std::printf("\n40 tokens one by one through the latent cache, and all at once: ");
  std::printf("the largest difference is %s\n", largest_difference() < 1e-4 ? "below 0.0001" : "above 0.0001");
}
