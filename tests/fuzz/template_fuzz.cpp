// A chat template and the words of a user: a template is refused in a sentence, or writes a
// conversation.
#include "fuzz/fuzz.h"
#include "jinja/template.h"
#include "system/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  // "template" NUL "what the user says"
  const std::string all = as_text(data, size), source = all.substr(0, all.find('\0'));
  const std::string typed = source.size() < all.size() ? all.substr(source.size() + 1) : "hello";
  accepted([&] {
    const jinja::Template words(source);
    nlohmann::ordered_json context;
    context["messages"] = {{{"role", "user"}, {"content", typed}},
                           {{"role", "assistant"}, {"content", "yes"}}};
    context["add_generation_prompt"] = true;
    context["bos_token"] = "<b>", context["eos_token"] = "<e>";
    words.render(context);
  });
  return 0;
}
