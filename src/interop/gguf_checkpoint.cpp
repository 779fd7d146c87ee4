// Names and shapes are those of llama.cpp's src/models/deepseek2.cpp. Three things lie
// otherwise than in a checkpoint:
//   kv_b_proj is split, as absorption needs it (V2 §2.1.2): attn_k_b [H,rank,nope] is W^UK
//   transposed, head by head, and attn_v_b [H,v_head_dim,rank] is W^UV;
//   the experts of a layer are one tensor for each of their three matrices, [E,out,in];
//   YaRN's mscale_all_dim is a tenth of itself, under the name rope.scaling.yarn_log_multiplier.
// The rotary dimensions lie as in the checkpoint: llama.cpp turns neighbours here.
#include "interop/gguf_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "attention/mla.h"
#include "core/blocks.h"
#include "core/check.h"
#include "core/parallel.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/floats.h"
#include "interop/gguf_tokenizer.h"

namespace seekling {

namespace {

constexpr const char* kArchitecture = "deepseek2";
constexpr double kLogMultiplier = 0.1;

enum Gating : std::int64_t { kSoftmax = 1, kSigmoid = 2 };

const std::map<std::string, std::string>& layer_names() {  // behind model.layers.N.
  static const std::map<std::string, std::string> names = {
      {"input_layernorm.weight", "attn_norm.weight"},
      {"self_attn.q_proj.weight", "attn_q.weight"},
      {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
      {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
      {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
      {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
      {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
      {"self_attn.o_proj.weight", "attn_output.weight"},
      {"post_attention_layernorm.weight", "ffn_norm.weight"},
      {"mlp.gate_proj.weight", "ffn_gate.weight"},
      {"mlp.up_proj.weight", "ffn_up.weight"},
      {"mlp.down_proj.weight", "ffn_down.weight"},
      {"mlp.gate.weight", "ffn_gate_inp.weight"},
      {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
      {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
      {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
      {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
      {"mlp.experts.gate_proj.weight", "ffn_gate_exps.weight"},
      {"mlp.experts.up_proj.weight", "ffn_up_exps.weight"},
      {"mlp.experts.down_proj.weight", "ffn_down_exps.weight"}};
  return names;
}

std::string gguf_name(std::string name) {  // of a parameter; one for all experts of a layer
  if (name == "model.embed_tokens.weight") return "token_embd.weight";
  if (name == "model.norm.weight") return "output_norm.weight";
  if (name == "lm_head.weight") return "output.weight";
  const std::string layers = "model.layers.", experts = "mlp.experts.";
  name.erase(0, layers.size());
  const std::size_t dot = name.find('.');
  std::string rest = name.substr(dot + 1);
  if (rest.starts_with(experts))
    rest.erase(experts.size(), rest.find('.', experts.size()) + 1 - experts.size());
  return "blk." + name.substr(0, dot) + "." + layer_names().at(rest);
}

// attn_k_b of one layer, and the W^UK of each head [nope,rank], of which it is the transpose.
struct KeyUp {
  Tensor k_b;
  std::vector<Tensor> W_UK;
};

// The tensors of a file, made of the model's own: both writing and reading go through them.
struct Layout {
  std::vector<GgufTensor> tensors;
  std::vector<KeyUp> keys;
};

void add_kv_b(Layout& layout, const std::string& layer, const Tensor& kv_b, const Config& c) {
  const Index H = c.num_attention_heads, nope = c.qk_nope_head_dim, v = c.v_head_dim,
              rank = c.kv_lora_rank;
  GgufTensor v_b{layer + "attn_v_b.weight", "F32", {H, v, rank}, {}};
  KeyUp key{Tensor({H, rank, nope}), {}};
  for (Index h = 0; h < H; ++h) {
    key.W_UK.push_back(kv_b.slice(h * (nope + v), nope));
    v_b.parts.push_back(kv_b.slice(h * (nope + v) + nope, v));
  }
  layout.tensors.push_back({layer + "attn_k_b.weight", "F32", {H, rank, nope}, {key.k_b}});
  layout.tensors.push_back(std::move(v_b));
  layout.keys.push_back(std::move(key));
}

Layout layout_of(const Transformer& model) {
  Layout layout;
  std::map<std::string, std::size_t> place;
  // The modules of multi-token prediction.
  const std::string further = text("model.layers.", model.layers.size(), ".");
  for (const auto& [name, p] : named_parameters(model)) {
    const std::string kv_b = "self_attn.kv_b_proj.weight";
    if (name.starts_with(further)) break;
    if (name.ends_with(kv_b)) {
      const std::string norm = name.substr(0, name.size() - kv_b.size()) + "input_layernorm.weight";
      const std::string at = gguf_name(norm);
      add_kv_b(layout, at.substr(0, at.rfind("attn_norm")), p, model.config);
      continue;
    }
    const auto [at, is_new] = place.emplace(gguf_name(name), layout.tensors.size());
    if (is_new) layout.tensors.push_back({at->first, "F32", p.shape(), {}});
    GgufTensor& tensor = layout.tensors[at->second];
    tensor.parts.push_back(p);
    if (at->first.ends_with("_exps.weight"))
      tensor.shape = {Index(tensor.parts.size()), p.dim(0), p.dim(1)};
  }
  return layout;
}

std::string dtype_of(const GgufTensor& t, const std::string& dtype) {
  if (t.shape.count() == 1 || t.name.ends_with("ffn_gate_inp.weight")) return "F32";
  return dtype == "Q8_0" && t.shape.back() % kBlock != 0 ? "F16" : dtype;
}

// llama.cpp's graph must be ours, or the file would be another model.
void check_gguf(const Config& c) {
  check(c.attention == "mla", "gguf: attention is \"", c.attention,
        "\", but the architecture deepseek2 has MLA alone");
  check(c.moe_layer_freq == 1, "gguf: moe_layer_freq is ", c.moe_layer_freq,
        ", but llama.cpp knows only 1");
  const auto& y = c.rope_scaling;
  check(!y || y->factor == 1 || (y->mscale == y->mscale_all_dim && y->mscale != 0),
        "gguf: YaRN's mscale is ", y ? y->mscale : 0, " and mscale_all_dim ",
        y ? y->mscale_all_dim : 0,
        ", but llama.cpp's formula for the temperature holds only where both are given and equal");
  if (c.first_k_dense_replace >= c.num_hidden_layers) return;
  check(c.n_shared_experts > 0,
        "gguf: n_shared_experts is 0, but llama.cpp's graph has shared experts");
  const bool groups = c.topk_method != "greedy" && c.topk_group < c.n_group;
  check(!groups || c.topk_method == "noaux_tc", "gguf: topk_method is \"", c.topk_method,
        "\" with ", c.topk_group, " of ", c.n_group,
        " groups, but llama.cpp knows groups by their two best experts, not by the best one");
  check(!groups || c.n_routed_experts / c.n_group >= 2, "gguf: ", c.n_group,
        " groups have one expert each, but llama.cpp adds the two best of a group");
}

std::vector<std::pair<std::string, GgufValue>> model_values(const Config& c,
                                                            const std::string& dtype) {
  static const std::map<std::string, std::int64_t> file_types = {
      {"F32", 0}, {"F16", 1}, {"Q8_0", 7}, {"BF16", 32}};
  const auto type = file_types.find(dtype);
  check(type != file_types.end(), "gguf: ", dtype,
        " is no type of numbers, expected F32, F16, BF16 or Q8_0");
  std::vector<std::pair<std::string, GgufValue>> values = {{"general.architecture", kArchitecture},
                                                           {"general.type", "model"},
                                                           {"general.file_type", type->second}};
  if (dtype == "Q8_0") values.emplace_back("general.quantization_version", std::int64_t(2));
  const auto add = [&](const std::string& key, GgufValue v) {
    values.emplace_back(std::string(kArchitecture) + "." + key, std::move(v));
  };
  const auto size = [&](const std::string& key, Index n) { add(key, std::int64_t(n)); };
  size("vocab_size", c.vocab_size);
  size("context_length", c.max_position_embeddings);
  size("embedding_length", c.hidden_size);
  size("block_count", c.num_hidden_layers);
  size("feed_forward_length", c.intermediate_size);
  size("attention.head_count", c.num_attention_heads);
  size("attention.head_count_kv", 1);  // the latent, which all heads share
  size("attention.q_lora_rank", c.q_lora_rank);
  size("attention.kv_lora_rank", c.kv_lora_rank);
  size("attention.key_length", c.kv_lora_rank + c.qk_rope_head_dim);  // of what the cache holds
  size("attention.value_length", c.kv_lora_rank);
  size("attention.key_length_mla", c.qk_nope_head_dim + c.qk_rope_head_dim);  // of a head
  size("attention.value_length_mla", c.v_head_dim);
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
  size("leading_dense_block_count", std::min(c.first_k_dense_replace, c.num_hidden_layers));
  size("expert_count", c.n_routed_experts);
  size("expert_used_count", c.num_experts_per_tok);
  size("expert_shared_count", c.n_shared_experts);
  size("expert_feed_forward_length", c.moe_intermediate_size);
  add("expert_weights_scale", c.routed_scaling_factor);
  add("expert_weights_norm", c.norm_topk_prob);
  size("expert_gating_func", c.scoring_func == "sigmoid" ? kSigmoid : kSoftmax);
  if (c.topk_method == "noaux_tc" && c.topk_group < c.n_group) {
    size("expert_group_count", c.n_group);
    size("expert_group_used_count", c.topk_group);
  }
  return values;
}

void transpose(View to, View from) {
  for (Index i = 0; i < to.rows; ++i)
    for (Index j = 0; j < to.cols; ++j) to(i, j) = from(j, i);
}

}  // namespace

std::vector<std::string> gguf_notes(const Transformer& model, const std::string& dtype) {
  const Config& c = model.config;
  std::vector<std::string> notes;
  if (c.num_nextn_predict_layers > 0)
    notes.push_back("the modules of multi-token prediction are left out of a GGUF file");
  if (c.rms_norm_eps != kLatentEps)
    notes.push_back(text("llama.cpp takes rms_norm_eps ", c.rms_norm_eps,
                         " for the latents' norms too, whose own is ", kLatentEps,
                         ": its numbers differ a little"));
  std::set<Index> widths;
  for (const GgufTensor& t : layout_of(model).tensors)
    if (dtype == "Q8_0" && dtype_of(t, dtype) == "F16") widths.insert(t.shape.back());
  std::string list;
  for (const Index width : widths) list += text(list.empty() ? "" : ", ", width);
  if (!widths.empty())
    notes.push_back("matrices with rows of " + list +
                    " numbers, no multiple of 32, are F16, not Q8_0");
  return notes;
}

void save_gguf(const std::filesystem::path& path, const Transformer& model,
               const GgufOptions& options) {
  check_gguf(model.config);
  auto values = model_values(model.config, options.dtype);
  if (options.tokenizer) {
    const auto more =
        gguf_tokenizer(*options.tokenizer, model.config.vocab_size, options.chat_template);
    values.insert(values.end(), more.begin(), more.end());
  } else {
    values.emplace_back("tokenizer.ggml.model", "none");
  }
  Layout layout = layout_of(model);
  for (GgufTensor& t : layout.tensors) t.dtype = dtype_of(t, options.dtype);
  for (const KeyUp& key : layout.keys)
    for (Index h = 0; h < key.k_b.dim(0); ++h)
      transpose(key.k_b.slice(h, 1), key.W_UK[std::size_t(h)]);
  write_gguf(path, values, layout.tensors);
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

void read_router(Config& c, const Values& v, const GgufFile& file) {
  c.n_routed_experts = v.size("expert_count");
  c.num_experts_per_tok = v.size("expert_used_count");
  c.n_shared_experts = v.size("expert_shared_count");
  c.moe_intermediate_size = v.size("expert_feed_forward_length");
  c.routed_scaling_factor = v.number("expert_weights_scale", 1);
  const bool* norm = v.get<bool>("expert_weights_norm", "true or false");
  c.norm_topk_prob = norm && *norm;
  const Index gating = v.size("expert_gating_func", kSoftmax);
  check(gating == kSoftmax || gating == kSigmoid, file.path(), ": expert_gating_func is ", gating,
        ", expected 1, softmax, or 2, sigmoid");
  const bool sigmoid = gating == kSigmoid, dense = c.first_k_dense_replace >= c.num_hidden_layers;
  const bool bias = std::any_of(file.tensors().begin(), file.tensors().end(), [](const auto& t) {
    return t.first.ends_with("exp_probs_b.bias");
  });
  c.scoring_func = sigmoid ? "sigmoid" : "softmax";
  c.topk_method = bias || (dense && sigmoid) ? "noaux_tc" : "greedy";
  c.n_group = v.size("expert_group_count", 1);
  c.topk_group = v.size("expert_group_used_count", 1);
  const bool v3 = sigmoid && c.topk_method == "noaux_tc",
             v2 = !sigmoid && !bias && !c.norm_topk_prob;
  c.model_type = v3 ? "deepseek_v3" : v2 ? "deepseek_v2" : "seekling";
  if (v3) c.aux_loss_alpha = 0;
}

}  // namespace

Config gguf_config(const GgufFile& file) {
  const auto architecture = file.values().find("general.architecture");
  check(architecture != file.values().end() && architecture->second == GgufValue(kArchitecture),
        file.path(), ": general.architecture is not \"", kArchitecture,
        "\", the one that Seekling knows");
  const Values v(file);
  check(v.size("nextn_predict_layers", 0) == 0, file.path(),
        ": has modules of multi-token prediction, which Seekling does not read from GGUF");
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
  c.first_k_dense_replace = v.size("leading_dense_block_count", 0);
  read_router(c, v, file);
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

void load_gguf(const GgufFile& file, const Transformer& model) {
  const Layout layout = layout_of(model);
  std::map<std::string, const GgufTensor*> known;
  for (const GgufTensor& t : layout.tensors) known.emplace(t.name, &t);
  for (const auto& [name, entry] : file.tensors())
    check(known.contains(name), file.path(), ": has the tensor ", name,
          ", which a model of these values does not have");
  for (const GgufTensor& t : layout.tensors) {
    const auto found = file.tensors().find(t.name);
    check(found != file.tensors().end(), file.path(), ": the tensor ", t.name, " is missing");
    check(found->second.shape == t.shape, file.path(), ": tensor ", t.name, " has shape ",
          found->second.shape, ", expected ", t.shape);
    Index first = 0;
    for (const Tensor& part : t.parts) {
      file.read_rows(t.name, first, part);
      first += part.rows();
      check(part.view().matrix().allFinite(), file.path(), ": tensor ", t.name,
            " holds a number that is not finite; the file is damaged");
    }
  }
  for (const KeyUp& key : layout.keys)
    for (Index h = 0; h < key.k_b.dim(0); ++h)
      transpose(key.W_UK[std::size_t(h)], key.k_b.slice(h, 1));
}

}  // namespace seekling
