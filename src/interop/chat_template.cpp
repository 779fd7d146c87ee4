#include "interop/chat_template.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "interop/config_json.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr const char* kExpected =
    ": chat_template: expected a string, or a list of {\"name\", \"template\"} with the name "
    "\"default\"";

std::string named_default(const nlohmann::json& list, const std::string& path) {
  for (const auto& entry : list)
    if (entry.is_object() && entry.value("name", nlohmann::json()) == "default" &&
        entry.value("template", nlohmann::json()).is_string())
      return entry["template"];
  throw Error(path + kExpected);
}

}  // namespace

ChatTemplate chat_template_in(const std::filesystem::path& folder) {
  const auto file = folder / "chat_template.jinja", config = folder / "tokenizer_config.json";
  if (std::filesystem::exists(file)) return {read_file(file), file.string()};
  if (!std::filesystem::exists(config)) return {};
  const nlohmann::json j = parse_json(read_file(config), config.string());
  const nlohmann::json found = j.is_object() ? j.value("chat_template", nlohmann::json()) : j;
  if (found.is_null() || !j.is_object()) return {};
  if (found.is_string()) return {found.get<std::string>(), config.string()};
  if (found.is_array()) return {named_default(found, config.string()), config.string()};
  throw Error(config.string() + kExpected);
}

}  // namespace seekling
