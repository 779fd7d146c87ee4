#include "jinja/filters.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaFilters, MakeTexts) {
  expect_rendered({{"{{ s | upper }} {{ 'abc def-ghi' | title }} {{ 'hELLO' | capitalize }} [{{ '  "
                    "x ' | trim }}] {{ 'a,b' | replace(',', ';') }}",
                    "HELLO WORLD Abc Def-Ghi Hello [x] a;b"},
                   {"{{ l | join(',') }} {{ messages | join(' ', attribute='role') }} {{ 5 | "
                    "string ~ 'x' }} {{ s | reverse }}",
                    "1,2,a,None system user assistant 5x dlroW olleH"},
                   {"{{ d | tojson }} {{ d | tojson(indent=2) }} {{ u | tojson(ensure_ascii=true) "
                    "}} {{ d | tojson(separators=(',', ':'), sort_keys=true) }}",
                    "{\"b\": 1, \"a\": \"x\", \"items\": 3} {\n  \"b\": 1,\n  \"a\": \"x\",\n  "
                    "\"items\": 3\n} \"h\\u00e9llo\" {\"a\":\"x\",\"b\":1,\"items\":3}"}});
}

TEST(JinjaFilters, MakeNumbers) {
  expect_rendered(
      {{"{{ s | length }} {{ d | count }} {{ '12' | int }} {{ 'x' | int(5) }} {{ '3.7' "
        "| int }} {{ '2.5' | float }} {{ -3 | abs }}",
        "11 3 12 5 3 2.5 3"}});
}

TEST(JinjaFilters, ChooseItems) {
  expect_rendered({{"{{ messages | selectattr('role', 'equalto', 'user') | list }} {{ messages | "
                    "rejectattr('role', 'eq', 'user') | map(attribute='role') | join(' ') }}",
                    "[{'role': 'user', 'content': 'hi'}] system assistant"},
                   {"{{ messages | selectattr('tool_calls') | list | length }} {{ [1, 2, 3] | "
                    "select('odd') | list }} {{ [0, 1] | reject | list }}",
                    "1 [1, 3] [0]"},
                   {"{{ messages | map(attribute='tool_calls.0.type', default='-') | list }} {{ "
                    "['a', 'b'] | map('upper') | join }}",
                    "['-', '-', 'function'] AB"},
                   {"{{ l | first }} {{ l | last }} {{ d | items | list }} {{ d | "
                    "dictsort(by='key') }} {{ {'b': 2, 'a': 1} | dictsort(reverse=true) }}",
                    "1 None [('b', 1), ('a', 'x'), ('items', 3)] [('a', 'x'), ('b', 1), ('items', "
                    "3)] [('b', 2), ('a', 1)]"},
                   {"{{ missing | default('x') }} {{ '' | default('x', true) }} {{ none | d('x') "
                    "}} {{ 0 | default('x', boolean=true) }}",
                    "x x None x"}});
}

TEST(JinjaFilters, TestsLookAtTheKindOfAValue) {
  expect_rendered({{"{{ n is defined }} {{ q is defined }} {{ q is not defined }} {{ none is none "
                    "}} {{ s is string }} {{ d is mapping }} {{ l is iterable }} {{ n is number }} "
                    "{{ true is boolean }} {{ true is true }}",
                    "True False True True True True True True True True"},
                   {"{{ n is even }} {{ n is odd }} {{ n is divisibleby 7 }} {{ n is eq 7 }} {{ l "
                    "is sequence }} {{ 2.5 is float }} {{ true is integer }} {{ 5 is in [5] }} {{ "
                    "n is gt(3) }} {{ n is sameas none }}",
                    "False True True True True True False True True False"}});
}

TEST(JinjaFilters, FunctionsOfEveryTemplate) {
  expect_rendered(
      {{"{{ range(3) | list }} {{ range(5, 0, -2) | list }} {{ dict(a=1) }} {% set ns "
        "= namespace(a=1) %}{% set ns.b = 2 %}{{ ns.a + ns.b }}",
        "[0, 1, 2] [5, 3, 1] {'a': 1} 3"}});
}

TEST(JinjaFilters, AreRefusedInASentence) {
  expect_rendered(
      {{"a\n\n{{ l | groupby('x') }}",
        "chat template, line 3: found the filter \"groupby\", which is not supported"},
       {"{{ 1 is prime }}",
        "chat template, line 1: found the test \"prime\", which is not supported"},
       {"{{ s | tojson(color=1) }}",
        "chat template, line 1: found the argument \"color\" of tojson, unknown"},
       {"{{ s | length(1, 2) }}",
        "chat template, line 1: found 2 arguments of length, expected at most 0"},
       {"{{ missing | tojson }}",
        "chat template, line 1: found \"missing\", not defined, which has no JSON form"},
       {"{{ l | map('upper') }}",
        "chat template, line 1: found the result of a filter, which needs | list, where a string "
        "was expected"},
       {"{{ messages | map(attribute='role') | length }}",
        "chat template, line 1: found the length of the result of a filter, which needs | list, "
        "first"},
       {"{{ range(1000000) }}", "chat template, line 1: found range of more than 100000 numbers"},
       {"{{ raise_exception('roles must alternate') }}",
        "chat template, line 1: the template refuses the conversation: roles must alternate"},
       {"{{ cycler(1) }}",
        "chat template, line 1: found the name \"cycler\", which is not supported"},
       {"{{ n(1) }}",
        "chat template, line 1: found a call of an integer, which is not a function"}});
}

}  // namespace seekling::jinja
