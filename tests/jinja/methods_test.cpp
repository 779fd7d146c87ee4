#include "jinja/methods.h"

#include "jinja/rendering.h"

namespace seekling::jinja {

TEST(JinjaMethods, AreThoseOfPython) {
  expect_rendered(
      {{"{{ s.split() }} {{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a  b'.split(' ') "
        "}}",
        "['Hello', 'World'] ['a', 'b', 'c'] ['a', 'b,c'] ['a', '', 'b']"},
       {"[{{ ' x　'.strip() }}] [{{ 'xxax'.strip('x') }}] [{{ 'xxa'.lstrip('x') }}] [{{ "
        "'axx'.rstrip('x') }}]",
        "[x] [a] [a] [a]"},
       {"{{ s.startswith('Hell') }}{{ s.endswith('d') }}{{ s.startswith(('x', 'H')) }}",
        "TrueTrueTrue"},
       {"{{ s.upper() }} {{ s.lower() }} {{ \"they're bill's\".title() }} {{ 'hELLO'.capitalize() "
        "}}",
        "HELLO WORLD hello world They'Re Bill'S Hello"},
       {"{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ ', '.join(['a', 'b']) }}",
        "HeLLo WorLd HeLlo World a, b"},
       {"{{ messages[2].content.split('</think>')[-1] }}", "yo"},
       {"{{ '\\u00e9\\x41\\n\\\\\\d\\'' }}{{ 'a' 'b' }}", "éA\n\\\\d'ab"}});
}

TEST(JinjaMethods, AreRefusedInASentence) {
  expect_rendered(
      {{"{{ s.format(1) }}",
        "chat template, line 1: found the method \"format\" of a string, which is not supported"},
       {"{{ u.upper() }}",
        "chat template, line 1: found \"héllo\", whose letters have a case beyond ASCII"},
       {"{{ s.split('') }}", "chat template, line 1: found split() at an empty string"},
       {"{{ s.replace('a') }}", "chat template, line 1: found replace() without the argument new"},
       {"{{ s.strip(1) }}", "chat template, line 1: found an integer where a string was expected"},
       {"{{ s.lower(1) }}",
        "chat template, line 1: found 1 arguments of lower(), expected at most 0"},
       {"{{ s.split(by=1) }}",
        "chat template, line 1: found the argument \"by\" of split(), unknown"},
       {"{{ '\\N{DASH}' }}",
        "chat template, line 1: found the escape \\N in a string, which is not supported; write "
        "\\u "
        "and four digits"}});
}

}  // namespace seekling::jinja
