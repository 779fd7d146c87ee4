#include "interop/chat_template.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "refusal.h"
#include "system/file.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

class ChatTemplateTest : public testing::Test {
 protected:
  ChatTemplateTest() { fs::create_directories(folder); }
  ~ChatTemplateTest() override { fs::remove_all(folder); }

  ChatTemplate with_config(const std::string& json) const {
    write_file(folder / "tokenizer_config.json", json);
    return chat_template_in(folder);
  }

  const fs::path folder = fs::path(testing::TempDir()) / text("chat_template.", ::getpid());
};

}  // namespace

TEST_F(ChatTemplateTest, IsATextOrTheDefaultOfAList) {
  EXPECT_EQ(chat_template_in(folder).source, "");
  EXPECT_EQ(with_config("{}").source, "");
  EXPECT_EQ(with_config(R"({"chat_template": null})").source, "");
  EXPECT_EQ(with_config(R"({"chat_template": "{{ x }}"})").source, "{{ x }}");
  EXPECT_EQ(with_config(R"({"chat_template": [{"name": "rag", "template": "r"},
                                              {"name": "default", "template": "d"}]})")
                .source,
            "d");
}

TEST_F(ChatTemplateTest, AFileOfItsOwnComesFirst) {
  write_file(folder / "chat_template.jinja", "{{ y }}\n");
  const ChatTemplate found = with_config(R"({"chat_template": "{{ x }}"})");
  EXPECT_EQ(found.source, "{{ y }}\n");
  EXPECT_EQ(found.path, (folder / "chat_template.jinja").string());
}

TEST_F(ChatTemplateTest, AnotherFormIsRefused) {
  const std::string expected =
      (folder / "tokenizer_config.json").string() +
      ": chat_template: expected a string, or a list of {\"name\", \"template\"} with the name "
      "\"default\"";
  EXPECT_EQ(refusal([&] { with_config(R"({"chat_template": 3})"); }), expected);
  EXPECT_EQ(refusal([&] { with_config(R"({"chat_template": [{"name": "rag"}]})"); }), expected);
}

}  // namespace seekling
