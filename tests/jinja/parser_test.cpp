#include "jinja/parser.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaParser, OperatorsBindAsInJinja) {
  expect_rendered({{"{{ not false and true }} {{ 1 if true else 2 if false else 3 }} {{ 'a' if "
                    "false }}| {{ -2 | abs }} {{ 'a' ~ 'b' | upper }} {{ n is not none and s }}",
                    "True 1 | 2 aB Hello World"},
                   {"{{ (1, 2) }} {{ 1, 2 }} {{ () }} {{ [1, 2,] }} {{ (messages | first).role }} "
                    "{{ not n is defined or 2 }} {{ (-2) }} {{ -(-2) }}",
                    "(1, 2) (1, 2) () [1, 2] system 2 -2 2"}});
}

TEST(JinjaParser, NamesTheConstructThatIsOutsideTheSubset) {
  expect_rendered(
      {{"{% include 'x' %}",
        "chat template, line 1: found the statement \"include\", which is not supported"},
       {"\n{% call f() %}{% endcall %}",
        "chat template, line 2: found the statement \"call\", which is not supported"},
       {"{% for x in l recursive %}{% endfor %}",
        "chat template, line 1: found a recursive loop, which is not supported"},
       {"{{ f(*l) }}",
        "chat template, line 1: found an argument with a star, which is not supported"},
       {"{{ 2 ** 3 }}", "chat template, line 1: found \"**\", expected }}"},
       {"{{ [x for x in l] }}", "chat template, line 1: found \"for\", expected ,"},
       {"{% if n %}\n",
        "chat template, line 1: found \"the end of the template\", expected {% endif %}"},
       {"{% endif %}",
        "chat template, line 1: found the statement \"endif\", which is not supported"},
       {"{% for x of l %}{% endfor %}", "chat template, line 1: found \"of\", expected in"},
       {"{% break %}", "chat template, line 1: found \"break\" outside a loop"},
       {"{{ }}", "chat template, line 1: found \"}}\", expected an expression"},
       {"{{ 99999999999999999999 }}",
        "chat template, line 1: found the number 99999999999999999999, which does not fit in 64 "
        "bits"},
       {"{{ l[1:2:3:4] }}",
        "chat template, line 1: found an index that is neither [i] nor [from:to:step]"},
       {"{% macro f(a=1, b) %}{% endmacro %}",
        "chat template, line 1: found \")\", expected a default, as the parameter before it has"}});
}

}  // namespace seekling::jinja
