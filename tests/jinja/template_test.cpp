#include "jinja/template.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaTemplate, LoopsKnowTheirPlace) {
  expect_rendered({{"{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last "
                    "}}{{ loop.length }}{{ loop.revindex }}{{ x }},{% endfor %}",
                    "10TrueFalse441,21FalseFalse432,32FalseFalse42a,43FalseTrue41None,"},
                   {"{% for x in l if x is number %}{{ loop.index }}/{{ loop.length }}:{{ x }};{% "
                    "else %}none{% endfor %}{% for x in [] %}a{% else %}empty{% endfor %}",
                    "1/2:1;2/2:2;empty"},
                   {"{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}{% for k in d %}{{ k "
                    "}}{% endfor %}",
                    "b=1 a=x items=3 baitems"},
                   {"{% for x in [1, 2, 3, 4] %}{% if x == 2 %}{% continue %}{% endif %}{% if x == "
                    "4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
                    "13"},
                   {"{% for x in [1, 2, 3] %}{{ loop.previtem }}-{{ loop.nextitem }}{{ "
                    "loop.cycle('a', 'b') }};{% endfor %}",
                    "-2a;1-3b;2-a;"}});
}

TEST(JinjaTemplate, ALoopKeepsItsVariablesAndAnIfDoesNot) {
  expect_rendered(
      {{"{% set x = 5 %}{% if true %}{% set x = 6 %}{% endif %}{{ x }}{% for i in [1] %}{% set x = "
        "7 %}{{ x }}{% endfor %}{{ x }}",
        "676"},
       {"{% set ns = namespace(a=1) %}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% endfor "
        "%}{{ ns.a }}",
        "4"},
       {"{% set x %}  block {{ n }} {% endset %}[{{ x }}]{% set a, b = 1, 2 %}{{ a }}{{ b }}",
        "[  block 7 ]12"}});
}

TEST(JinjaTemplate, MacrosHaveDefaultsAndMayCallThemselves) {
  expect_rendered(
      {{"{% macro m(a, b=2, c='z') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}{{ m(1, c=3) "
        "}}{{ m() }}{{ m(b=4, a=n) | upper }}",
        "12z1232z74Z"},
       {"{% macro r(k) %}{{ k }}{% if k > 0 %}{{ r(k - 1) }}{% endif %}{% endmacro %}{{ r(3) }}",
        "3210"}});
}

TEST(JinjaTemplate, GenerationBlocksAreCopied) {
  expect_rendered({{"{% generation %}answer {{ n }}{% endgeneration %}.", "answer 7."}});
}

TEST(JinjaTemplate, HasLimits) {
  expect_rendered(
      {{"{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}",
        "chat template, line 1: found more than 1000000 steps of loops"},
       {"{% macro r() %}{{ r() }}{% endmacro %}\n{{ r() }}",
        "chat template, line 1: found more than 400 nested steps"},
       {"{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s "
        "+ ns.s %}{% endfor %}",
        "chat template, line 1: a string of more than 64 MiB"},
       {"{{ "
        "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
        "((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
        "))))))))))))))))))))) }}",
        "chat template, line 1: found more than 60 nested brackets or blocks"},
       {"{{ "
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
        "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1 }}",
        "chat template, line 1: found an expression of more than 300 steps"},
       {"{% for i in range(9000) %}{{ 'x' * 9999 }}{% endfor %}",
        "chat template, line 1: a result of more than 64 MiB"},
       {"{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor "
        "%}",
        "chat template, line 1: dictionaries in one another, more than 100 deep"},
       {"{% set ns = namespace() %}{% set ns.x = ns %}",
        "chat template, line 1: found a namespace inside a list, dictionary or namespace"}});
}

TEST(JinjaTemplate, IsRefusedInASentenceWithItsLine) {
  expect_rendered(
      {{"{% set x.y = 1 %}",
        "chat template, line 1: found \"x\", not defined where a namespace was expected: x.y"},
       {"{% for a, b in [1] %}{% endfor %}",
        "chat template, line 1: found an integer where a list was expected"},
       {"{% for a, b in [(1, 2, 3)] %}{% endfor %}",
        "chat template, line 1: found 3 values for 2 names"},
       {"{% for a in 5 %}{% endfor %}",
        "chat template, line 1: found an integer where a list was expected"},
       {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
        "chat template, line 1: found 2 arguments of m, expected at most 1"},
       {"{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
        "chat template, line 1: found the argument \"b\" of m, unknown"},
       {"{% for a in l %}\n{{ loop.changed(a) }}{% endfor %}",
        "chat template, line 2: found loop.changed, which is not supported"},
       {"{% macro m() %}\n{% endmacro %}\n{{ m() + 1 }}",
        "chat template, line 3: found the sum of a string and an integer"},
       {"{{ {1: 2} }}", "chat template, line 1: found an integer as a key, expected a string"}});
}

}  // namespace seekling::jinja
