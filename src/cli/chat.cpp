// seekling chat: a conversation, a line at a time, in the words of the model's own chat template.
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "console/conversation.h"
#include "console/flags.h"
#include "console/stream_text.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

// Lines that end with a line feed, a carriage return, or both.
class TypedLines {
 public:
  bool next(std::string& line) {
    line.clear();
    for (int c; (c = std::cin.get()) != EOF;) {
      const bool second = std::exchange(after_return, c == '\r') && c == '\n';
      if (second && line.empty()) continue;
      if (c == '\n' || c == '\r') return true;
      line += char(c);
      check(line.size() <= kLongestPrompt, "stdin: a line has more than ", kLongestPrompt,
            " bytes, expected fewer; split it");
    }
    return !line.empty();
  }

 private:
  bool after_return = false;
};

std::string trimmed(const std::string& answer) {
  const std::size_t from = answer.find_first_not_of(" \n");
  return from == answer.npos ? "" : answer.substr(from, answer.find_last_not_of(" \n") + 1 - from);
}

}  // namespace

int chat_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options(
      "seekling chat", "Talks with a model, a line at a time; an empty line or Ctrl-D ends it.");
  add_sampling(options, "0.7");
  options.add_options()("system", "what the model should know before the conversation",
                        cxxopts::value<std::string>(), "TEXT")(
      "thinking", "let the model reason before it answers (DeepSeek-V3.1, V3.2 and V4)");
  const auto flags = parse(options, argc, argv);
  sampling_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);

  // The model, and the conversation so far
  const auto folder = model_of(flags);
  const LoadedModel model(flags);
  const Index positions = model.config().max_position_embeddings;
  const Tokenizer tokenizer = read_tokenizer(folder.string());
  Conversation conversation(tokenizer, folder, to_stderr, flags.count("thinking") > 0);
  if (flags.count("system")) conversation.add("system", flags["system"].as<std::string>());
  TextGenerator generator(flags, model, positions);
  TypedLines lines;

  // A line, then the answer; only the new tokens are read
  for (std::string line; std::cerr << "> " << std::flush, lines.next(line) && !line.empty();) {
    conversation.add("user", line);
    const std::vector<TokenId> ids = conversation.ids();
    const Index left = positions - Index(ids.size()) - 1;
    check(left > 0, "the conversation has filled the model's ", positions,
          " positions (max_position_embeddings); start a new one");
    generator.read_rest_of(ids);
    const std::string answer = generator.stream(tokenizer, std::min(left, max_tokens),
                                                generator.ends_with(tokenizer.eos()));
    conversation.add("assistant", trimmed(answer));
    ++generator.sampling.seed;  // another answer to the same words
  }
  if (flags.count("verbose")) generator.report();
  return 0;
}

}  // namespace seekling
