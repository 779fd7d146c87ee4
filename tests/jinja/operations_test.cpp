#include "jinja/operations.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaOperations, NumbersAreComputedAsInPython) {
  expect_rendered(
      {{"{{ 7 // -2 }} {{ 7 % -3 }} {{ -7 // 2 }} {{ 7 / 2 }} {{ 2.5 // 1 }} {{ -2.5 % 2 }}",
        "-4 -2 -4 3.5 2.0 1.5"},
       {"{{ 2 + 3 * 4 - 1 }} {{ true + 1 }} {{ 0.1 + 0.2 }}", "13 2 0.30000000000000004"},
       {"{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }} {{ 2 > 1 == true }}", "TrueFalse True"}});
}

TEST(JinjaOperations, TextsAndListsAreAddedAndRepeated) {
  expect_rendered({{"{{ 'a' + 'b' }}{{ 'ab' * 2 }} {{ [1] + [2] }} {{ [1] * 2 }} {{ 2 * 'x' }}",
                    "ababab [1, 2] [1, 1] xx"}});
}

TEST(JinjaOperations, SlicesCountFromTheEnd) {
  expect_rendered(
      {{"{{ s[0] }}{{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[-3:] }} {{ u[1] }}{{ u[::2] }}",
        "Hd ell dlroW olleH rld éhlo"},
       {"{{ l[1:] }} {{ l[::-1] }} {{ l[:2] }} {{ l[-2:] }} {{ l[5:0:-2] }} [{{ l[9] }}]",
        "[2, 'a', None] [None, 'a', 2, 1] [1, 2] ['a', None] [None, 2] []"}});
}

TEST(JinjaOperations, AnAttributeIsAMethodFirstAndAnItemIsAKeyFirst) {
  expect_rendered(
      {{"{{ d.b }} {{ d['items'] }} {{ d.items() | list }} {{ d.keys() | list }} {{ "
        "d.get('q') }} {{ d.get('q', 2) }} [{{ d.zz }}] {{ 'b' in d }}",
        "1 3 [('b', 1), ('a', 'x'), ('items', 3)] ['b', 'a', 'items'] None 2 [] True"}});
}

TEST(JinjaOperations, IsRefusedInASentence) {
  expect_rendered(
      {{"{{ 1 + 'a' }}", "chat template, line 1: found the sum of an integer and a string"},
       {"{{ missing + 1 }}",
        "chat template, line 1: found \"missing\", which is not defined, where a value was "
        "expected"},
       {"{{ missing.x }}",
        "chat template, line 1: found \"missing\", which is not defined, where a value was "
        "expected"},
       {"{{ 1 // 0 }}", "chat template, line 1: found a division by zero"},
       {"{{ 9223372036854775807 + 1 }}",
        "chat template, line 1: found an integer that does not fit in 64 bits"},
       {"{{ 'x' * 99999999 }}", "chat template, line 1: a string repeated 99999999 times"},
       {"{{ '%s' % 1 }}",
        "chat template, line 1: found a string before %, which is not supported; write ~"},
       {"\n{{ l.append(1) }}",
        "chat template, line 2: found the method \"append\", which changes a list; a chat template "
        "may not, so write + or a namespace"},
       {"{{ l.count(1) }}",
        "chat template, line 1: found the method \"count\" of a list, which is not supported"},
       {"{{ 1 < 'a' }}", "chat template, line 1: found a comparison of an integer with a string"},
       {"{{ 1 in 'a' }}",
        "chat template, line 1: found an integer before \"in\" and a string after it"},
       {"{{ 5[1:] }}", "chat template, line 1: found a slice of an integer"}});
}

}  // namespace seekling::jinja
