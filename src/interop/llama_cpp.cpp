#include "interop/llama_cpp.h"

#include "attention/mla.h"
#include "core/check.h"

namespace seekling {

namespace {

constexpr Index kLlamaLayers = 512, kLlamaExperts = 1024;  // llama.cpp stops the program above them

// llama.cpp knows the models without compressed queries by their sizes, and reads no q_lora_rank
// there.
void check_queries(const Config& c) {
  const bool lite = c.num_hidden_layers == 26 || c.num_hidden_layers == 27 ||
                    (c.num_hidden_layers == 48 && c.vocab_size == 128256);
  check(!lite || c.q_lora_rank == 0, "gguf: q_lora_rank is ", c.q_lora_rank, " in a model of ",
        c.num_hidden_layers,
        " layers, but llama.cpp does not compress queries in models of 26 or 27 layers, or of 48 "
        "layers and 128256 tokens");
}

// Where the factor is 1, YaRN changes nothing.
void check_yarn(const Config& c) {
  if (!c.rope_scaling || c.rope_scaling->factor == 1) return;
  const RopeScaling& y = *c.rope_scaling;
  check(y.mscale == y.mscale_all_dim && y.mscale != 0, "gguf: YaRN's mscale is ", y.mscale,
        " and mscale_all_dim ", y.mscale_all_dim,
        ", but llama.cpp's formula for the temperature holds only where both are given and equal");
  check(y.beta_fast == 32 && y.beta_slow == 1, "gguf: YaRN's beta_fast is ", y.beta_fast,
        " and beta_slow ", y.beta_slow,
        ", but llama.cpp computes with 32 and 1, whatever the file says");
}

void check_experts(const Config& c) {
  check(c.moe_layer_freq == 1, "gguf: moe_layer_freq is ", c.moe_layer_freq,
        ", but llama.cpp knows only 1");
  check(c.n_shared_experts > 0,
        "gguf: n_shared_experts is 0, but llama.cpp's graph has shared experts");
  check(c.n_routed_experts <= kLlamaExperts, "gguf: n_routed_experts is ", c.n_routed_experts,
        ", but llama.cpp takes at most ", kLlamaExperts);
  check(c.routed_scaling_factor != 0,
        "gguf: routed_scaling_factor is 0, but llama.cpp computes with 1 then");
  if (c.topk_method == "greedy" || c.topk_group == c.n_group) return;
  check(c.topk_method == "noaux_tc", "gguf: topk_method is \"", c.topk_method, "\" with ",
        c.topk_group, " of ", c.n_group,
        " groups, but llama.cpp knows groups by their two best experts, not by the best one");
  check(c.n_routed_experts / c.n_group >= 2, "gguf: ", c.n_group,
        " groups have one expert each, but llama.cpp adds the two best of a group");
}

}  // namespace

void check_llama_cpp(const Config& c) {
  check(c.model_type != "deepseek_v32",
        "gguf: Seekling does not write DeepSeek-V3.2's sparse "
        "attention to GGUF yet; export it without --gguf");
  check(c.attention == "mla", "gguf: attention is \"", c.attention,
        "\", but the architecture deepseek2 has only MLA");
  check(c.num_hidden_layers <= kLlamaLayers, "gguf: num_hidden_layers is ", c.num_hidden_layers,
        ", but llama.cpp takes at most ", kLlamaLayers);
  check(c.rms_norm_eps == kLatentEps, "gguf: rms_norm_eps is ", c.rms_norm_eps,
        ", but llama.cpp takes it for the norms of the latents, too, whose own is ", kLatentEps);
  check_queries(c);
  check_yarn(c);
  if (c.first_k_dense_replace < c.num_hidden_layers) check_experts(c);
}

}  // namespace seekling
