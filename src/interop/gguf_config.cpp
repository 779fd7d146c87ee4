#include "interop/gguf_config.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>

#include "core/check.h"
#include "interop/config_json.h"

namespace seekling {

namespace {

constexpr const char* kArchitecture = "deepseek2";
constexpr double kLogMultiplier = 0.1;  // of YaRN's mscale_all_dim

enum Gating : std::int64_t { kNoGating = 0, kSoftmax = 1, kSigmoid = 2 };

}  // namespace

std::vector<std::pair<std::string, GgufValue>> gguf_values(const Config& c,
                                                           const std::string& dtype) {
  // The type of the file.
  static const std::map<std::string, std::int64_t> file_types = {
      {"F32", 0}, {"F16", 1}, {"Q8_0", 7}, {"BF16", 32}};
  const auto type = file_types.find(dtype);
  check(type != file_types.end(), "gguf: ", dtype,
        " is not a number format, expected F32, F16, BF16 or Q8_0");
  std::vector<std::pair<std::string, GgufValue>> values = {{"general.architecture", kArchitecture},
                                                           {"general.type", "model"},
                                                           {"general.file_type", type->second}};
  if (dtype == "Q8_0") values.emplace_back("general.quantization_version", std::int64_t(2));
  // Sizes; a key starts with the name of the architecture.
  const auto add = [&](const std::string& key, GgufValue v) {
    values.emplace_back(std::string(kArchitecture) + "." + key, std::move(v));
  };
  const auto size = [&](const std::string& key, Index n) { add(key, std::int64_t(n)); };
  size("vocab_size", c.vocab_size);
  size("context_length", c.max_position_embeddings);
  size("embedding_length", c.hidden_size);
  size("block_count", c.num_hidden_layers);
  size("feed_forward_length", c.intermediate_size);
  // Attention. The cache has one head, the latent, and GGUF also has the widths of MLA's own heads.
  size("attention.head_count", c.num_attention_heads);
  size("attention.head_count_kv", 1);  // the latent, which all heads share
  size("attention.q_lora_rank", c.q_lora_rank);
  size("attention.kv_lora_rank", c.kv_lora_rank);
  size("attention.key_length", c.kv_lora_rank + c.qk_rope_head_dim);  // of what the cache holds
  size("attention.value_length", c.kv_lora_rank);
  size("attention.key_length_mla", c.qk_nope_head_dim + c.qk_rope_head_dim);  // of a head
  size("attention.value_length_mla", c.v_head_dim);
  // Norms, RoPE and YaRN.
  add("attention.layer_norm_rms_epsilon", c.rms_norm_eps);
  size("rope.dimension_count", c.qk_rope_head_dim);
  add("rope.freq_base", c.rope_theta);
  if (c.rope_scaling) {
    const RopeScaling& y = *c.rope_scaling;
    add("rope.scaling.type", "yarn");
    add("rope.scaling.factor", y.factor);
    size("rope.scaling.original_context_length", y.original_max_position_embeddings);
    add("rope.scaling.yarn_beta_fast", y.beta_fast);
    add("rope.scaling.yarn_beta_slow", y.beta_slow);
    if (y.mscale_all_dim != 0)
      add("rope.scaling.yarn_log_multiplier", kLogMultiplier * y.mscale_all_dim);
  }
  // Experts and their router.
  const bool moe = c.first_k_dense_replace < c.num_hidden_layers;
  size("leading_dense_block_count", std::min(c.first_k_dense_replace, c.num_hidden_layers));
  size("expert_count", moe ? c.n_routed_experts : 0);
  size("expert_used_count", moe ? c.num_experts_per_tok : 0);
  size("expert_shared_count", c.n_shared_experts);
  size("expert_feed_forward_length", c.moe_intermediate_size);
  add("expert_weights_scale", c.routed_scaling_factor);
  add("expert_weights_norm", c.norm_topk_prob);
  size("expert_gating_func", c.scoring_func == "sigmoid" ? kSigmoid : kSoftmax);
  if (moe && c.topk_method == "noaux_tc" && c.topk_group < c.n_group) {
    size("expert_group_count", c.n_group);
    size("expert_group_used_count", c.topk_group);
  }
  return values;
}

namespace {

// The values deepseek2.*, each with the type that it must have.
class Values {
 public:
  explicit Values(const GgufFile& file) : file_(file) {}

  bool has(const std::string& key) const { return find(key) != nullptr; }
  template <class T>
  const T* get(const std::string& key, const char* expected) const {
    const GgufValue* v = find(key);
    if (!v) return nullptr;
    const T* typed = std::get_if<T>(v);
    check(typed != nullptr, file_.path(), ": the value ", full(key), " has another type, expected ",
          expected);
    return typed;
  }
  Index size(const std::string& key) const {
    const std::int64_t* v = get<std::int64_t>(key, "an integer");
    check(v != nullptr, file_.path(), ": the value ", full(key), " is missing",
          key.ends_with("_mla")
              ? "; this file keeps kv_b whole, as files before 2025 did: convert it again"
              : "");
    check(*v >= 0 && *v <= std::numeric_limits<std::int32_t>::max(), file_.path(), ": ", full(key),
          " is ", *v, ", expected a size");
    return Index(*v);
  }
  Index size(const std::string& key, Index otherwise) const {
    return has(key) ? size(key) : otherwise;
  }
  double number(const std::string& key, double otherwise) const {
    const double* v = get<double>(key, "a number");
    return v ? shortest(*v) : otherwise;
  }

 private:
  std::string full(const std::string& key) const { return std::string(kArchitecture) + "." + key; }
  const GgufValue* find(const std::string& key) const {
    const auto found = file_.values().find(full(key));
    return found == file_.values().end() ? nullptr : &found->second;
  }
  // 1e-6 was rounded to a float: the decimal number that was meant is the shortest
  // that gives the same one.
  static double shortest(double x) {
    char digits[32];
    for (int n = 6; n <= 9; ++n) {
      std::snprintf(digits, sizeof digits, "%.*g", n, x);
      if (std::strtof(digits, nullptr) == float(x)) return std::strtod(digits, nullptr);
    }
    return x;
  }

  const GgufFile& file_;
};

std::optional<RopeScaling> yarn_of(const Values& v, const std::string& path) {
  const std::string* type = v.get<std::string>("rope.scaling.type", "a text");
  if (!type || *type == "none") return std::nullopt;
  check(*type == "yarn", path, ": rope.scaling.type is \"", *type, "\", expected none or yarn");
  RopeScaling y;
  y.factor = v.number("rope.scaling.factor", 1);
  y.original_max_position_embeddings = v.size("rope.scaling.original_context_length");
  y.beta_fast = v.number("rope.scaling.yarn_beta_fast", 32);
  y.beta_slow = v.number("rope.scaling.yarn_beta_slow", 1);
  const double multiplier = v.number("rope.scaling.yarn_log_multiplier", 0);
  // A float's digits.
  y.mscale = y.mscale_all_dim = std::round(multiplier / kLogMultiplier * 1e6) / 1e6;
  const bool sound = y.factor >= 1 && y.factor <= 1e9 && y.beta_fast >= y.beta_slow &&
                     y.beta_slow > 0 && y.original_max_position_embeddings > 0 &&
                     std::abs(y.mscale) <= 1e6;
  check(sound, path, ": rope.scaling has values out of range: factor ", y.factor,
        ", yarn_beta_fast ", y.beta_fast, ", yarn_beta_slow ", y.beta_slow,
        ", yarn_log_multiplier ", multiplier);
  return y;
}

bool has_biases(const GgufFile& file) {
  return std::any_of(file.tensors().begin(), file.tensors().end(),
                     [](const auto& t) { return t.first.ends_with("exp_probs_b.bias"); });
}

// The function of the scores. Only V3's routers have correction biases.
Index gating_of(const Values& v, const GgufFile& file) {
  const Index gating = v.size("expert_gating_func", kNoGating);
  check(gating <= kSigmoid, file.path(), ": expert_gating_func is ", gating,
        ", expected 1, softmax, or 2, sigmoid");
  if (gating != kNoGating) return gating;
  return has_biases(file) ? kSigmoid : kSoftmax;
}

void read_router(Config& c, const Values& v, const GgufFile& file) {
  const bool dense = c.first_k_dense_replace >= c.num_hidden_layers;
  const bool sigmoid = gating_of(v, file) == kSigmoid, bias = has_biases(file);
  if (!dense) {
    c.n_routed_experts = v.size("expert_count");
    c.num_experts_per_tok = v.size("expert_used_count");
  }
  c.n_shared_experts = v.size("expert_shared_count");
  c.moe_intermediate_size = v.size("expert_feed_forward_length");
  c.routed_scaling_factor = v.number("expert_weights_scale", 1);
  const bool* norm = v.get<bool>("expert_weights_norm", "true or false");
  c.norm_topk_prob = norm && *norm;
  c.n_group = std::max<Index>(v.size("expert_group_count", 1), 1);
  c.topk_group = std::max<Index>(v.size("expert_group_used_count", 1), 1);
  const bool noaux = bias || (dense && sigmoid), groups = c.topk_group < c.n_group;
  check(!groups || noaux || !sigmoid, file.path(),
        ": expert_gating_func is sigmoid with groups of experts, but the correction biases "
        "exp_probs_b.bias are missing; convert it again");
  c.scoring_func = sigmoid ? "sigmoid" : "softmax";
  c.topk_method = noaux ? "noaux_tc" : groups ? "group_limited_greedy" : "greedy";
  const bool v3 = sigmoid && noaux, v2 = !sigmoid && !bias && !c.norm_topk_prob;
  c.model_type = v3 ? "deepseek_v3" : v2 ? "deepseek_v2" : "seekling";
  if (v3) c.aux_loss_alpha = 0;
}

}  // namespace

Config gguf_config(const GgufFile& file) {
  // Only DeepSeek's architecture, without multi-token prediction.
  const auto architecture = file.values().find("general.architecture");
  check(architecture != file.values().end() && architecture->second == GgufValue(kArchitecture),
        file.path(), ": general.architecture is not \"", kArchitecture,
        "\", the only one that Seekling supports");
  const Values v(file);
  check(v.size("nextn_predict_layers", 0) == 0, file.path(),
        ": has multi-token prediction modules, which Seekling does not read from GGUF");

  // Sizes, attention and RoPE. GGUF has the width of a whole key, so d_h is a difference.
  Config c;
  c.max_position_embeddings = v.size("context_length");
  c.hidden_size = v.size("embedding_length");
  c.num_hidden_layers = v.size("block_count");
  c.intermediate_size = v.size("feed_forward_length");
  c.num_attention_heads = c.num_key_value_heads = v.size("attention.head_count");
  c.q_lora_rank = v.size("attention.q_lora_rank", 0);
  c.kv_lora_rank = v.size("attention.kv_lora_rank");
  c.qk_rope_head_dim = v.size("rope.dimension_count");
  c.qk_nope_head_dim = v.size("attention.key_length_mla") - c.qk_rope_head_dim;
  c.v_head_dim = v.size("attention.value_length_mla");
  c.rms_norm_eps = v.number("attention.layer_norm_rms_epsilon", 0);
  c.rope_theta = v.number("rope.freq_base", 10000);
  c.rope_scaling = yarn_of(v, file.path());

  // Experts and the router.
  c.first_k_dense_replace = v.size("leading_dense_block_count", 0);
  read_router(c, v, file);

  // The vocabulary, from the table itself, and the tokens that begin and end a text.
  c.tie_word_embeddings = !file.tensors().contains("output.weight");
  const auto table = file.tensors().find("token_embd.weight");
  check(table != file.tensors().end(), file.path(), ": the tensor token_embd.weight is missing");
  c.vocab_size = table->second.shape[0];
  const auto id = [&](const char* key) {
    const auto found = file.values().find(text("tokenizer.ggml.", key));
    const std::int64_t* n =
        found == file.values().end() ? nullptr : std::get_if<std::int64_t>(&found->second);
    return n && *n >= 0 && *n < c.vocab_size ? Index(*n) : -1;
  };
  c.bos_token_id = id("bos_token_id"), c.eos_token_id = id("eos_token_id");
  check_config(c, file.path());
  return c;
}

std::vector<std::string> gguf_config_notes(const GgufFile& file) {
  const Values v(file);
  const bool moe = v.size("leading_dense_block_count", 0) < v.size("block_count");
  if (!moe || v.size("expert_gating_func", kNoGating) != kNoGating) return {};
  return {file.path() + ": has no expert_gating_func; the scores of experts are taken as " +
          (has_biases(file) ? "sigmoid, because it has DeepSeek-V3's correction biases"
                            : "softmax, as in DeepSeek-V2")};
}

}  // namespace seekling
