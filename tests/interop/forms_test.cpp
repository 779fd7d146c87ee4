// The forms of files that people have, and what becomes of each: the table of
// src/interop/README.md. Each row names what makes its form.
#include "interop/forms.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/half.h"
#include "interop/fused_experts.h"
#include "refusal.h"

namespace seekling {

namespace {

// A checkpoint whose config.json has other keys: null leaves a key out, "null" makes it null.
Form config_form(const std::string& form, const std::string& patch, const std::string& outcome,
                 const Change& change = {}) {
  return {form, "`" + patch + "`", outcome, [=](const fs::path& folder) {
            save(folder, plain_v3());
            const fs::path path = folder / "model/config.json";
            auto j = parse_json(read_file(path), "config");
            j.merge_patch(parse_json(patch, "patch"));
            for (auto& [name, value] : j.items())
              if (value == "null") value = nullptr;
            write_file(path, j.dump());
            return opened(folder, plain_v3(change));
          }};
}

// A checkpoint saved with `options`.
Form saved_form(const std::string& form, const std::string& made_by, const SaveOptions& options) {
  return {form, made_by, "right", [=](const fs::path& folder) {
            save(folder, plain_v3(), options);
            return opened(folder, plain_v3());
          }};
}

// A checkpoint whose weights are written by `write`.
Form weights_form(const std::string& form, const std::string& made_by, const std::string& outcome,
                  const std::function<void(const fs::path& model)>& write,
                  const Config& config = plain_v3(), const Config& found = plain_v3()) {
  return {form, made_by, outcome, [=](const fs::path& folder) {
            save(folder, config);
            write(folder / "model");
            return opened(folder, found);
          }};
}

void write_parameters(const fs::path& model, const NamedTensors& parameters) {
  write_safetensors(model / "model.safetensors", parameters);
}

// lm_head in blocks of 8 bits, half its size, with the factor 2.
void write_eight_bits(const fs::path& model) {
  fs::rename(model / "model.safetensors", model / "a.safetensors");
  const SafetensorsFile whole(model / "a.safetensors");
  std::string data, map = "\"lm_head.weight\":\"b.safetensors\"";
  const Tensor head = whole.tensor("lm_head.weight");
  for (Index i = 0; i < head.size(); ++i) data += char(to_e4m3(float(head.data()[i]) / 2));
  const float two = 2;
  data.append(reinterpret_cast<const char*>(&two), 4);
  const std::string header =
      text(R"({"lm_head.weight":{"dtype":"F8_E4M3","shape":[11,32],"data_offsets":[0,352]},)",
           R"("lm_head.weight_scale_inv":{"dtype":"F32","shape":[1,1],"data_offsets":[352,356]}})");
  const std::uint64_t length = header.size();
  write_file(model / "b.safetensors",
             std::string(reinterpret_cast<const char*>(&length), 8) + header + data);
  NamedTensors rest;
  for (const auto& [name, entry] : whole.entries())
    if (name != "lm_head.weight")
      rest.emplace_back(name, whole.tensor(name)), map += ",\"" + name + "\":\"c.safetensors\"";
  write_safetensors(model / "c.safetensors", rest);
  fs::remove(model / "a.safetensors");
  write_file(model / "model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
}

Config plain_v32() {
  return plain_v3([](Config& c) {
    c.model_type = "deepseek_v32";
    c.index_n_heads = 2, c.index_head_dim = 4, c.index_topk = 8;
  });
}

std::vector<Form> forms_of_checkpoints() {
  return {
      saved_form("float32 in one file", "`save_weights`", {}),
      saved_form("bfloat16", "`save_weights`", {.dtype = "BF16"}),
      saved_form("float16 in shards", "`save_weights`", {.dtype = "F16", .largest_shard = 9000}),
      weights_form("V3's blocks of 8 bits", "`write_eight_bits`", "right", write_eight_bits),
      weights_form("the experts of a layer as two tensors", "`with_fused_experts`", "right",
                   [](const fs::path& model) {
                     write_parameters(model, with_fused_experts(*model_of(plain_v3())));
                   }),
      weights_form(
          "an index beside a whole file", "an index that names no file", "right",
          [](const fs::path& model) { write_file(model / "model.safetensors.index.json", "{}"); }),
      weights_form("weights that are pickled", "pytorch_model.bin",
                   "refused: model: has neither model.safetensors nor "
                   "model.safetensors.index.json; its weights are in pytorch_model.bin, which "
                   "Seekling does not read: save them as safetensors",
                   [](const fs::path& model) {
                     fs::rename(model / "model.safetensors", model / "pytorch_model.bin");
                   }),
      weights_form(
          "V3.2", "`save_weights`", "right", [](const fs::path&) {}, plain_v32(), plain_v32()),
      weights_form(
          "V3.2 with V3's weights", "`write_parameters`",
          "refused: model: the tensor model.layers.0.self_attn.indexer.k_norm.bias is missing, and "
          "14 more",
          [](const fs::path& model) {
            write_parameters(model, named_parameters(*model_of(plain_v3())));
          },
          plain_v32(), plain_v32()),
      weights_form(
          "a module of multi-token prediction too many", "num_nextn_predict_layers 0",
          "right, with a note: model: num_nextn_predict_layers is 0, but the weights have "
          "1 such module; the rest is ignored",
          [](const fs::path& model) {
            write_parameters(model, named_parameters(*model_of(plain_v3())));
          },
          plain_v3([](Config& c) { c.num_nextn_predict_layers = 0; }),
          plain_v3([](Config& c) { c.num_nextn_predict_layers = 0; })),
  };
}

std::vector<Form> forms_of_configs() {
  return {
      config_form("keys left out that have the class's value", R"({"n_group": null})", "right",
                  [](Config& c) { c.n_group = 8, c.topk_group = 2; }),
      config_form("a null that the class reads", R"({"norm_topk_prob": "null"})", "right",
                  [](Config& c) { c.norm_topk_prob = false; }),
      config_form("a null in a key that the class does not have", R"({"scoring_func": "null"})",
                  "right"),
      config_form("a null in a key that Seekling does not know", R"({"layer_types": "null"})",
                  "right"),
      config_form("several ends of a text", R"({"eos_token_id": [1, 7]})", "right",
                  [](Config& c) { c.more_eos_token_ids = {7}; }),
      config_form("V3 by its other name", R"({"model_type": "kimi_k2"})", "right"),
      config_form("YaRN without an original length",
                  R"({"rope_scaling": {"type": "yarn", "factor": 4}})", "right",
                  [](Config& c) { c.rope_scaling = RopeScaling{.factor = 4}; }),
      config_form("the blocks of V3.1",
                  R"({"quantization_config": {"quant_method": "fp8", "scale_fmt": "ue8m0"}})",
                  "right"),
      config_form("blocks of another kind", R"({"quantization_config": {"quant_method": "awq"}})",
                  "refused: model/config.json: quantization_config has quant_method \"awq\", and "
                  "Seekling supports only \"fp8\", as DeepSeek-V3 was released"),
      config_form("V4", R"({"model_type": "deepseek_v4"})",
                  "refused: model/config.json: model_type is \"deepseek_v4\": Seekling cannot run "
                  "hyper-connections, compressed sparse attention and routing by token yet; it "
                  "opens deepseek_v2, deepseek_v3, deepseek_v32 and kimi_k2"),
      config_form(
          "keys that Seekling does not know", R"({"index_topk": 8, "swa": true})",
          "refused: model/config.json: has the keys index_topk and swa, which Seekling does "
          "not know; if they change nothing, remove them"),
      config_form(
          "rotary weights in halves", R"({"rope_interleave": false})",
          "refused: model/config.json: rope_interleave is false, and Seekling supports only "
          "true"),
      config_form("a key left out that has no value in the class", R"({"hidden_size": null})",
                  "refused: model/config.json: the key hidden_size is missing"),
  };
}

// What a GGUF file of the model `c` has.
struct Parts {
  std::map<std::string, GgufValue> values;
  std::vector<GgufTensor> tensors;
};

Parts parts_of(const fs::path& path, const Config& c) {
  save_gguf(path, *model_of(c));
  const GgufFile file(path);
  Parts parts{file.values(), {}};
  for (const auto& [name, entry] : file.tensors()) {
    const Tensor rows({entry.shape.size() / entry.shape.back(), entry.shape.back()});
    file.read_rows(name, 0, rows);
    parts.tensors.push_back({name, "F32", entry.shape, {rows}});
  }
  return parts;
}

void write_parts(const fs::path& path, const Parts& parts) {
  write_gguf(path, {parts.values.begin(), parts.values.end()}, parts.tensors);
}

void write_two_shards(const fs::path& folder, const Parts& parts) {
  for (const std::int64_t i : {0, 1}) {
    Parts shard;
    if (i == 0) shard.values = parts.values;
    shard.values["split.no"] = i, shard.values["split.count"] = std::int64_t(2);
    const auto half = parts.tensors.begin() + std::ptrdiff_t(parts.tensors.size() / 2);
    if (i == 0) shard.tensors.assign(parts.tensors.begin(), half);
    else shard.tensors.assign(half, parts.tensors.end());
    write_parts(folder / text("model-0000", i + 1, "-of-00002.gguf"), shard);
  }
}

Config without_modules(Config c) {
  c.num_nextn_predict_layers = 0, c.bos_token_id = c.eos_token_id = -1;
  return c;
}
const Config kV2 = without_modules(plain_v2()), kV3 = without_modules(plain_v3());

// A file of which `change` changes the values.
Form values_form(const std::string& form, const std::string& made_by, const std::string& outcome,
                 const std::function<void(std::map<std::string, GgufValue>&)>& change,
                 const Config& written = kV3, const Config& found = kV3) {
  return {form, made_by, outcome, [=](const fs::path& folder) {
            Parts parts = parts_of(folder / "model.gguf", written);
            change(parts.values);
            write_parts(folder / "model.gguf", parts);
            return imported(folder, found);
          }};
}

Form shards_form(const std::string& form, const std::string& outcome, bool both) {
  return {form, "`write_two_shards`", outcome, [=](const fs::path& folder) {
            write_two_shards(folder, parts_of(folder / "model.gguf", kV3));
            if (!both) fs::remove(folder / "model-00002-of-00002.gguf");
            return imported(folder, kV3, 0, "model-00001-of-00002.gguf");
          }};
}

// A model that export --gguf does not write.
Form unwritten_form(const std::string& form, const std::string& sentence, const Config& c) {
  return {form, "`save_gguf`", "refused: " + sentence, [=](const fs::path& folder) {
            save_gguf(folder / "model.gguf", *model_of(c));
            return std::string("right");
          }};
}

Form written_form(const std::string& dtype, double within) {
  return {"GGUF in " + dtype, "`save_gguf`", "right", [=](const fs::path& folder) {
            save_gguf(folder / "model.gguf", *model_of(kV3), {.dtype = dtype});
            return imported(folder, kV3, within);
          }};
}

Form blocks_form(const std::string& type) {
  return {"GGUF in " + type, "tests/golden/gguf_blocks.gguf", "right", [=](const fs::path&) {
            const GgufFile file(std::string(SEEKLING_GOLDEN) + "/gguf_blocks.gguf");
            const Tensor found({2, 512}), wanted({2, 512});
            file.read_rows(type, 0, found);
            file.read_rows(type + ".values", 0, wanted);
            return found.view().matrix() == wanted.view().matrix() ? "right" : "wrong";
          }};
}

// A file whose first matrix is of a type that Seekling does not read.
std::string tried_type(const fs::path& folder) {
  const fs::path path = folder / "model.gguf";
  save_gguf(path, *model_of(kV3));
  std::string file = read_file(path);
  const std::string name = "token_embd.weight";
  file[file.find(name) + name.size() + 4 + 2 * 8] = 13;
  write_file(path, file);
  return imported(folder, kV3);
}

std::vector<Form> forms_of_gguf() {
  const auto key = [](const char* name) { return std::string("deepseek2.") + name; };
  Config grouped = kV2;
  grouped.topk_method = "group_limited_greedy", grouped.n_group = 4, grouped.topk_group = 2;
  return {
      written_form("F32", 0),
      written_form("F16", 0),
      written_form("BF16", 0),
      written_form("Q8_0", 1.0 / 127),
      blocks_form("Q4_0"),
      blocks_form("Q5_0"),
      blocks_form("Q4_K"),
      blocks_form("Q6_K"),
      {"GGUF in other types", "`tried_type`",
       "refused: model.gguf: tensor token_embd.weight has ggml's type 13, expected F32, F16, BF16, "
       "Q8_0, Q4_0, Q5_0, Q4_K or Q6_K; convert it to one of them",
       tried_type},
      shards_form("GGUF in shards", "right", true),
      shards_form("GGUF of which a shard is missing",
                  "refused: model-00001-of-00002.gguf: is one of 2 shards, and "
                  "model-00002-of-00002.gguf is missing; put all of them into one folder, or "
                  "merge them first (llama-gguf-split --merge)",
                  false),
      values_form(
          "GGUF of a V2 with groups", "expert_group_count 4", "right",
          [=](auto& values) {
            values[key("expert_group_count")] = std::int64_t(4);
            values[key("expert_group_used_count")] = std::int64_t(2);
          },
          kV2, grouped),
      values_form(
          "GGUF of a V2 without a gating function", "no expert_gating_func",
          "right, with a note: model.gguf: has no expert_gating_func; the scores of experts "
          "are taken as softmax, as in DeepSeek-V2",
          [=](auto& values) { values.erase(key("expert_gating_func")); }, kV2, kV2),
      values_form(
          "GGUF of a V3 without a gating function", "no expert_gating_func",
          "right, with a note: model.gguf: has no expert_gating_func; the scores of experts "
          "are taken as sigmoid, because it has DeepSeek-V3's correction biases",
          [=](auto& values) { values.erase(key("expert_gating_func")); }),
      values_form("GGUF with kv_b whole", "no attention.key_length_mla",
                  "refused: model.gguf: the value deepseek2.attention.key_length_mla is missing; "
                  "this file keeps kv_b whole, as files before 2025 did: convert it again",
                  [=](auto& values) { values.erase(key("attention.key_length_mla")); }),
      values_form("GGUF with multi-token prediction modules", "nextn_predict_layers 1",
                  "refused: model.gguf: has multi-token prediction modules, which Seekling does "
                  "not read from GGUF",
                  [=](auto& values) { values[key("nextn_predict_layers")] = std::int64_t(1); }),
      values_form("GGUF of another architecture", "general.architecture \"llama\"",
                  "refused: model.gguf: general.architecture is not \"deepseek2\", the only one "
                  "that Seekling supports",
                  [](auto& values) { values["general.architecture"] = "llama"; }),
  };
}

std::vector<Form> forms_that_are_not_exported() {
  const auto with = [](const Change& change) {
    Config c = kV3;
    change(c);
    return c;
  };
  return {
      unwritten_form("export --gguf of a V2 with groups",
                     "gguf: topk_method is \"group_limited_greedy\" with 2 of 4 groups, but "
                     "llama.cpp knows groups by their two best experts, not by the best one",
                     plain_v2([](Config& c) {
                       c.topk_method = "group_limited_greedy", c.n_group = 4, c.topk_group = 2;
                     })),
      unwritten_form("export --gguf of YaRN with other betas",
                     "gguf: YaRN's beta_fast is 8 and beta_slow 1, but llama.cpp computes with 32 "
                     "and 1, whatever the file says",
                     with([](Config& c) {
                       c.rope_scaling = RopeScaling{
                           .factor = 4, .beta_fast = 8, .mscale = 1, .mscale_all_dim = 1};
                     })),
      unwritten_form(
          "export --gguf of YaRN with two mscales",
          "gguf: YaRN's mscale is 1 and mscale_all_dim 0, but llama.cpp's formula for "
          "the temperature holds only where both are given and equal",
          with([](Config& c) { c.rope_scaling = RopeScaling{.factor = 4, .mscale = 1}; })),
      unwritten_form("export --gguf of 27 layers with compressed queries",
                     "gguf: q_lora_rank is 32 in a model of 27 layers, but llama.cpp does not "
                     "compress queries in models of 26 or 27 layers, or of 48 layers and 128256 "
                     "tokens",
                     with([](Config& c) { c.num_hidden_layers = 27; })),
      unwritten_form("export --gguf with another rms_norm_eps",
                     "gguf: rms_norm_eps is 1e-05, but llama.cpp takes it for the norms of the "
                     "latents, too, whose own is 1e-06",
                     with([](Config& c) { c.rms_norm_eps = 1e-5; })),
      unwritten_form("export --gguf with a routed_scaling_factor of 0",
                     "gguf: routed_scaling_factor is 0, but llama.cpp computes with 1 then",
                     with([](Config& c) { c.routed_scaling_factor = 0; })),
      unwritten_form("export --gguf without shared experts",
                     "gguf: n_shared_experts is 0, but llama.cpp's graph has shared experts",
                     with([](Config& c) { c.n_shared_experts = 0; })),
  };
}

std::vector<Form> all_forms() {
  std::vector<Form> all;
  for (const auto& forms :
       {forms_of_configs(), forms_of_checkpoints(), forms_of_gguf(), forms_that_are_not_exported()})
    all.insert(all.end(), forms.begin(), forms.end());
  return all;
}

// The outcome of a form, without the name of the folder that it was made in.
std::string outcome_of(const Form& form, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::string found;
  const std::string sentence = refusal([&] { found = form.tried(folder); });
  if (found.empty()) found = "refused: " + sentence;
  fs::remove_all(folder);
  const std::string prefix = folder.string() + "/";
  for (std::size_t at; (at = found.find(prefix)) != found.npos;) found.erase(at, prefix.size());
  return found;
}

}  // namespace

TEST(Forms, HaveTheOutcomesThatTheTableClaims) {
  const fs::path folder = fs::path(testing::TempDir()) / text("seekling_forms_", ::getpid());
  for (const Form& form : all_forms())
    EXPECT_EQ(outcome_of(form, folder), form.outcome) << form.form;
}

TEST(Forms, AreTheTableOfTheDocument) {
  std::string table;
  for (const Form& form : all_forms())
    table += "| " + form.form + " | " + form.made_by + " | " + form.outcome + " |\n";
  const std::string document =
      read_file(std::string(SEEKLING_MODELS) + "/../../src/interop/README.md");
  EXPECT_NE(document.find("| form | made by | outcome |\n| --- | --- | --- |\n" + table + "\n"),
            std::string::npos)
      << "src/interop/README.md must have these rows, and no other:\n"
      << table;
}

}  // namespace seekling
