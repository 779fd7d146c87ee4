// The tokens of a template. Newlines become \n and one at the very end is dropped, as in jinja2.
// White space around tags is cut as transformers sets it: after {% %} and {# #} one newline goes
// (trim_blocks), before them the blanks of their line (lstrip_blocks); a minus sign cuts all.
#pragma once

#include <string>
#include <vector>

namespace seekling::jinja {

struct Token {
  enum Kind { kText, kTag, kName, kString, kInteger, kFloat, kOperator, kEnd };
  Kind kind;
  std::string text;  // kTag: {{ or }} or {% or %}
  int line;
};

std::vector<Token> tokens_of(const std::string& source);

}  // namespace seekling::jinja
