#include "jinja/lexer.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaLexer, ABlockTakesItsLineAndItsNewline) {
  expect_rendered(
      {{"a\n  {% if true %}\n    text\n  {% endif %}\n  {# comment #}\n  {{ n }}\nend\n",
        "a\n    text\n  7\nend"},
       {"a {%- if true -%} b {%- endif -%} c {{- 'x' -}} d {#- c -#} e {# c #} f", "abcxde  f"},
       {"   {%+ if true %}z{% endif +%}\ntail\n", "   z\ntail"},
       {"{{ n }}\r\n\r\nx\r{{ n }}\r\n\n", "7\n\nx\n7\n"}});
}

TEST(JinjaLexer, RawTextIsNotRead) {
  expect_rendered({{"{% raw %}{{ x }} {% if %}{% endraw %} {% raw -%}  q  {%- endraw %}  z",
                    "{{ x }} {% if %} q  z"}});
}

TEST(JinjaLexer, NumbersTextsAndBracketsAreRead) {
  expect_rendered(
      {{"{{ 1_000 }} {{ 1.5e3 }} {{ [[1, 2]].0.1 }} {{ {'a': {'b': 1}} }} {{ '}}' }} {{ \"%}\" }}",
        "1000 1500.0 2 {'a': {'b': 1}} }} %}"}});
}

TEST(JinjaLexer, SaysInWhichLineATagIsNotClosed) {
  expect_rendered(
      {{"a\n{{ n", "chat template, line 2: found a tag without }}"},
       {"a\n{# n", "chat template, line 2: found {# without #}"},
       {"{% raw %}\n{% endif %}", "chat template, line 1: found {% raw %} without {% endraw %}"},
       {"{{ 'a }}", "chat template, line 1: found a string without its closing quote"},
       {"\n\n{{ a ! b }}", "chat template, line 3: found the character !, which no expression has"},
       {"{{ a $ }}", "chat template, line 1: found the character $, which no expression has"}});
}

}  // namespace seekling::jinja
