#include "interop/architectures.h"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "nn/config.h"
#include "system/file.h"

namespace seekling {

namespace {

using Json = nlohmann::json;

// What Seekling cannot run of each.
const std::map<std::string, std::string>& not_run() {
  static const std::string grouped =
      "grouped-query attention with Llama's tensor names, as in the R1-Distill models";
  static const std::string images = "models of images and text";
  static const std::map<std::string, std::string> table = {
      {"deepseek", "DeepSeekMoE with multi-head attention, its form before MLA"},
      {"deepseek_v4", "hyper-connections, compressed sparse attention and routing by token"},
      {"deepseek_v41", "hyper-connections, compressed sparse attention and n-gram tables"},
      {"glm_moe_dsa", "sparse attention"},
      {"kimi_linear", "linear attention"},
      {"llama", grouped},
      {"qwen2", grouped},
      {"qwen3", grouped},
      {"deepseek_vl", images},
      {"deepseek_vl_v2", images},
      {"deepseek_vl_hybrid", images},
      {"DeepseekOCR", images},
      {"deepseek_ocr", images},
      {"janus", images},
      {"multi_modality", images},
      {"kimi_vl", images},
      {"kimi_k25", images}};
  return table;
}

constexpr const char* kOpened = "it opens deepseek_v2, deepseek_v3, deepseek_v32 and kimi_k2";

void rename(Json& j, const std::string& model_type, const std::string& given_class) {
  j["model_type"] = model_type;
  if (j.contains("architectures") && j["architectures"] == Json::array({given_class}))
    j["architectures"] = Json::array({class_of(model_type)});
}

// What transformers writes for the layers that DeepSeek-V3.2 has; other lists stay, and are refused
// by name. Its class has longer contexts than V3's.
void read_v32(Json& j) {
  const auto is_list_of = [&](const char* key, const auto& expected) {
    const Json list = j.value(key, Json());
    for (std::size_t i = 0; list.is_array() && i < list.size(); ++i)
      if (list[i] != expected(i)) return false;
    return list.is_array();
  };
  const Json dense = j.value("first_k_dense_replace", Json(3));
  if (is_list_of("layer_types", [](std::size_t) { return "indexed_attention"; }))
    j.erase("layer_types");
  if (is_list_of("mlp_layer_types", [&](std::size_t i) { return dense > i ? "dense" : "sparse"; }))
    j.erase("mlp_layer_types");
  if (!j.contains("max_position_embeddings")) j["max_position_embeddings"] = 163840;
}

}  // namespace

std::string class_of(const std::string& model_type) {
  return model_type == "deepseek_v3"    ? "DeepseekV3ForCausalLM"
         : model_type == "deepseek_v32" ? "DeepseekV32ForCausalLM"
                                        : "DeepseekV2ForCausalLM";
}

void name_architecture(Json& j, const std::string& source) {
  const Json given = j["model_type"];
  if (given == "kimi_k2") return rename(j, "deepseek_v3", class_of("deepseek_v3"));
  if (given == "deepseek_v32") return read_v32(j);
  if (given == "deepseek_v2" || given == "deepseek_v3" || given == "seekling") return;
  const auto missing =
      given.is_string() ? not_run().find(given.get<std::string>()) : not_run().end();
  check(missing == not_run().end(), source, ": model_type is ", given.dump(),
        ": Seekling cannot run ", missing == not_run().end() ? "" : missing->second, " yet; ",
        kOpened);
  throw Error(
      text(source, ": model_type is ", given.dump(), ", which Seekling does not know; ", kOpened));
}

std::string model_type_in(const std::filesystem::path& folder) {
  const std::filesystem::path config = folder / "config.json";
  if (!std::filesystem::exists(config)) return "";
  const Json j = parse_json(read_file(config), config.string());
  const Json type = j.is_object() ? j.value("model_type", Json()) : Json();
  return type.is_string() ? type.get<std::string>() : "";
}

}  // namespace seekling
