// Templates in tests: their results for one conversation, and the sentences that refuse them.
#pragma once

#include <gtest/gtest.h>

#include "jinja/template.h"

namespace seekling::jinja {

inline const auto kContext = nlohmann::ordered_json::parse(R"({
 "s": "Hello World",
 "u": "héllo",
 "l": [
  1,
  2,
  "a",
  null
 ],
 "d": {
  "b": 1,
  "a": "x",
  "items": 3
 },
 "n": 7,
 "messages": [
  {
   "role": "system",
   "content": " be kind "
  },
  {
   "role": "user",
   "content": "hi"
  },
  {
   "role": "assistant",
   "content": "<think>x</think>yo",
   "tool_calls": [
    {
     "type": "function"
    }
   ]
  }
 ]
})");

struct Case {
  const char *source, *result;  // the result is jinja2's, or else the sentence that refuses it
};

inline void expect_rendered(std::initializer_list<Case> cases) {
  for (const auto& [source, result] : cases) try {
      EXPECT_EQ(Template(source).render(kContext), result) << source;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), result) << source;
    }
}

}  // namespace seekling::jinja
