#include "jinja/value.h"

#include <gtest/gtest.h>

namespace seekling::jinja {

namespace {

Value read(const char* json) { return from_json(nlohmann::ordered_json::parse(json)); }

std::string failure(const std::function<void()>& f) {
  try {
    f();
  } catch (const Failure& found) {
    return found.what();
  }
  return "no failure";
}

}  // namespace

TEST(JinjaValue, PrintsAsPythonDoes) {
  EXPECT_EQ(str(read(R"([1, 2.0, true, null, "it's", {"a": [0.1, 1e20, 1e-5, -3]}])")),
            "[1, 2.0, True, None, \"it's\", {'a': [0.1, 1e+20, 1e-05, -3]}]");
  EXPECT_EQ(str(Value("a'\"\n")), "a'\"\n");
  EXPECT_EQ(repr(Value("a'\"\n\x01")), R"('a\'"\n\x01')");
  EXPECT_EQ(str(list({Value(1.0)}, List::kTuple)), "(1.0,)");
  EXPECT_EQ(str(Undefined{"x"}), "");
}

TEST(JinjaValue, WritesJsonAsPythonDoes) {
  const Value value = read(R"({"b": [1, {}, []], "a": "ü\"<"})");
  EXPECT_EQ(json(value, {}), R"({"b": [1, {}, []], "a": "ü\"<"})");
  EXPECT_EQ(json(value, {.ascii = true, .sorted = true}),
            R"({"a": "\u00fc\"<", "b": [1, {}, []]})");
  EXPECT_EQ(json(value, {.indent = " ", .lines = true, .comma = ","}),
            "{\n \"b\": [\n  1,\n  {},\n  []\n ],\n \"a\": \"ü\\\"<\"\n}");
}

TEST(JinjaValue, ComparesAsPythonDoes) {
  EXPECT_TRUE(equal(true, std::int64_t(1)));
  EXPECT_TRUE(equal(1.0, std::int64_t(1)));
  EXPECT_FALSE(equal("1", std::int64_t(1)));
  EXPECT_FALSE(equal(list({}), list({}, List::kTuple)));
  EXPECT_TRUE(equal(read(R"({"a": 1, "b": 2})"), read(R"({"b": 2, "a": 1})")));
  EXPECT_TRUE(less("Z", "a"));
  EXPECT_EQ(failure([] { less("a", 1.0); }), "found a comparison of a string with a number");
}

TEST(JinjaValue, KeepsItsSizeAndDepthInBounds) {
  Value deep = list({});
  EXPECT_EQ(failure([&] {
              for (;;) deep = list({deep});
            }),
            "lists in one another, more than 100 deep");
  EXPECT_EQ(failure([] { limited(std::string(kLargestText + 1, 'x')); }),
            "a string of more than 64 MiB");
  const Value space = std::static_pointer_cast<Object>(std::make_shared<Namespace>());
  EXPECT_EQ(failure([&] { list({space}); }),
            "found a namespace inside a list, dictionary or namespace");
}

TEST(JinjaValue, AnIteratorIsWalkedOverOnce) {
  const Value iterator = list({Value("a")}, List::kIterator);
  EXPECT_EQ(elements(iterator).size(), 1u);
  EXPECT_EQ(failure([&] { elements(iterator); }),
            "found a second loop over the result of a filter; write | list after the filter");
}

}  // namespace seekling::jinja
