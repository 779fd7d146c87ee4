// What attention remembers of a token: MHA, GQA, MQA and MLA with the sizes of DeepSeek-V2,
// measured on caches that are really allocated; then MLA at work on such a cache.
#include <cstdio>

#include "interop/config_json.h"
#include "model/size.h"
#include "small_model.h"

using namespace seekling;

static Config released(const std::string& name) {
  return read_config(text(SEEKLING_MODELS, "/", name, ".json"));
}

// Numbers a token, by the memory that the caches take. A tensor's memory appears when it is first
// touched, so the 236 billion weights of V2, which nobody touches here, cost nothing.
static Index measured(const Config& config) {
  constexpr Index kTokens = 16;
  const Transformer model(config);
  const std::vector<Cache> caches = model.make_caches(kTokens);
  const std::size_t before = pool::bytes_in_use();
  for (const Cache& cache : caches)
    for (const Tensor& held : {cache.key.c, cache.key.r, cache.value})
      if (held.defined()) held.data();
  return Index((pool::bytes_in_use() - before) / sizeof(real)) / kTokens;
}

// `config` as it would be with every head's keys and values cached is 100 %.
static void line(const char* name, Index numbers, const Config& config) {
  const double share =
      double(numbers) / double(cache_elements_of_heads(config, config.num_attention_heads));
  std::printf("%-14s %9td a token %6td a layer %7.2f %% %8.2f GiB\n", name, numbers,
              numbers / config.num_hidden_layers, 100 * share,
              2. * 128 * 1024 * double(numbers) / (1 << 30));
}

int main() {
  const Config v2 = released("v2");
  std::printf(
      "Numbers cached, measured, with 60 layers and 128 heads of 128; GiB: 128K tokens, 2 bytes a "
      "number\n");
  for (const auto& [name, key_heads] : {std::pair("MHA", 128), {"GQA, 8 heads", 8}, {"MQA", 1}}) {
    Config heads = v2;
    heads.model_type = "seekling", heads.attention = "gqa", heads.head_dim = 128,
    heads.num_key_value_heads = key_heads;
    line(name, measured(heads), v2);
  }
  line("MLA", measured(v2), v2);

  std::printf("\nMLA by the formula (kv_lora_rank + qk_rope_head_dim) * num_hidden_layers\n");
  for (const auto& [name, preset] : {std::pair("V2-Lite", "v2-lite"), {"V2", "v2"}, {"V3", "v3"}})
    line(name, cache_elements(released(preset)), released(preset));

  Config small = small_model(64, 32);
  small.num_hidden_layers = 3, small.q_lora_rank = 24;
  const Transformer model(small);
  model.initialise(/*seed=*/8);
  std::printf(
      "\n40 tokens one by one through the latent cache, and all at once: the largest difference is "
      "%s\n",
      difference_in_pieces(model, 40, 1) < 1e-4 ? "below 0.0001" : "above 0.0001");
}
