// A chat template: the program, in a subset of Jinja, that writes a conversation as one text.
//
// Templates come with models, from strangers. A rendering therefore has limits: steps of loops,
// nested calls, and the sizes of lists, of texts and of the result.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "jinja/ast.h"

namespace seekling::jinja {

class Template {
 public:
  explicit Template(const std::string& source);  // Error, with the line: outside the subset

  // The result for the variables of `context`, an object: messages, add_generation_prompt, ...
  std::string render(const nlohmann::ordered_json& context) const;

 private:
  Statement::Block block;
};

}  // namespace seekling::jinja
