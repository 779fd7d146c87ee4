// Renders templates for test_chat_templates.py: a line of JSON {"template", "context"} in, a line
// {"text"} or {"error"} out.
#include <iostream>
#include <nlohmann/json.hpp>

#include "jinja/template.h"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto j = nlohmann::ordered_json::parse(line);
    nlohmann::json out;
    try {
      out["text"] = seekling::jinja::Template(j["template"]).render(j["context"]);
    } catch (const seekling::Error& error) {
      out["error"] = error.what();
    }
    std::cout << out.dump() << std::endl;
  }
}
