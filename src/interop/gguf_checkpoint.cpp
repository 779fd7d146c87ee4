// Names and shapes are those of llama.cpp's src/models/deepseek2.cpp. Three things differ from a
// checkpoint:
//   kv_b_proj is split, as absorption needs it (V2 §2.1.2): attn_k_b [H,rank,nope] is W^UK
//   transposed, head by head, and attn_v_b [H,v_head_dim,rank] is W^UV;
//   the experts of a layer are one tensor for each of their three matrices, [E,out,in];
//   YaRN's mscale_all_dim is a tenth of itself, under the name rope.scaling.yarn_log_multiplier.
// The rotary dimensions are in the checkpoint's order: llama.cpp rotates neighbours here.
#include "interop/gguf_checkpoint.h"

#include <map>
#include <set>

#include "core/blocks.h"
#include "core/check.h"
#include "interop/checkpoint.h"
#include "interop/gguf_config.h"
#include "interop/gguf_tokenizer.h"
#include "interop/llama_cpp.h"

namespace seekling {

namespace {

// The name of a parameter of the model; one for all experts of a layer.
std::string gguf_name(const Transformer& model, const std::string& name) {
  if (name == "model.embed_tokens.weight") return "token_embd.weight";
  if (name == "model.norm.weight") return "output_norm.weight";
  if (name == "lm_head.weight") return "output.weight";
  const std::string layers = "model.layers.", experts = "mlp.experts.";
  const std::string number =
      name.substr(layers.size(), name.find('.', layers.size()) - layers.size());
  std::string part = name.substr(layers.size() + number.size() + 1);
  if (part.starts_with(experts))
    part.erase(experts.size(), part.find('.', experts.size()) + 1 - experts.size());
  for (const auto& [known, gguf] : model.layers[std::stoul(number)]->gguf_names())
    if (known == part) return "blk." + number + "." + gguf;
  throw Error("gguf: " + name + " has no name in a GGUF file");
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
      const std::string at = gguf_name(model, norm);
      add_kv_b(layout, at.substr(0, at.rfind("attn_norm")), p, model.config);
      continue;
    }
    const auto [at, is_new] = place.emplace(gguf_name(model, name), layout.tensors.size());
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

void transpose(View to, View from) {
  for (Index i = 0; i < to.rows; ++i)
    for (Index j = 0; j < to.cols; ++j) to(i, j) = from(j, i);
}

}  // namespace

std::vector<std::string> gguf_notes(const Transformer& model, const std::string& dtype) {
  check_llama_cpp(model.config);
  const Config& c = model.config;
  std::vector<std::string> notes;
  if (c.num_nextn_predict_layers > 0)
    notes.push_back("the multi-token prediction modules are not written to a GGUF file");
  std::set<Index> widths;
  for (const GgufTensor& t : layout_of(model).tensors)
    if (dtype == "Q8_0" && dtype_of(t, dtype) == "F16") widths.insert(t.shape.back());
  std::string list;
  for (const Index width : widths) list += text(list.empty() ? "" : ", ", width);
  if (!widths.empty())
    notes.push_back("matrices with rows of " + list +
                    " elements, not a multiple of 32, are written as F16 instead of Q8_0");
  return notes;
}

void save_gguf(const std::filesystem::path& path, const Transformer& model,
               const GgufOptions& options) {
  check_llama_cpp(model.config);
  auto values = gguf_values(model.config, options.dtype);
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

void load_gguf(const GgufFile& file, const Transformer& model) {
  const Layout layout = layout_of(model);
  std::map<std::string, const GgufTensor*> known;
  for (const GgufTensor& t : layout.tensors) known.emplace(t.name, &t);
  for (const auto& [name, entry] : file.tensors())
    check(known.contains(name), file.path(), ": has the tensor ", name,
          ", which a model with these settings does not have");
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
            " has a value that is not finite; the file is damaged");
    }
  }
  for (const KeyUp& key : layout.keys)
    for (Index h = 0; h < key.k_b.dim(0); ++h)
      transpose(key.W_UK[std::size_t(h)], key.k_b.slice(h, 1));
}

}  // namespace seekling
