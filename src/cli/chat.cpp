// seekling chat: a conversation, a line at a time.
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "console/flags.h"
#include "console/stream_text.h"
#include "text/tokenizer_json.h"

namespace seekling {

int chat_command(int argc, char** argv) {
  cxxopts::Options options(
      "seekling chat", "Talks with a model, a line at a time; an empty line or Ctrl-D ends it.");
  add_sampling(options, "0.7");
  const auto flags = parse(options, argc, argv);
  sampling_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const LoadedModel model(flags);
  const Index positions = model.config().max_position_embeddings;
  const Tokenizer tokenizer = read_tokenizer(folder.string());
  TextGenerator generator(flags, model, positions);
  generator.read(std::vector<TokenId>{tokenizer.bos()});
  for (std::string line;
       std::cerr << "> " << std::flush, std::getline(std::cin, line) && !line.empty();) {
    // Special tokens that the user types stay text.
    const std::vector<TokenId> turn =
        tokenizer.encode("User: " + line + "\n\nAssistant:", /*specials=*/false);
    const Index left = positions - generator.length() - Index(turn.size()) - 1;
    check(left > 0, "the conversation has filled the model's ", positions,
          " positions (max_position_embeddings); start a new one");
    generator.read(turn);
    generator.stream(tokenizer, std::min(left, max_tokens), generator.ends_with(tokenizer.eos()));
    generator.read(std::vector<TokenId>{tokenizer.eos()});
    ++generator.sampling.seed;  // another answer to the same words
  }
  if (flags.count("verbose")) generator.report();
  return 0;
}

}  // namespace seekling
