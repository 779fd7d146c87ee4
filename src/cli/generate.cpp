// seekling generate: the continuation of a text, or of token ids, printed as it comes.
#include <algorithm>
#include <iostream>
#include <optional>
#include <sstream>

#include "cli/command.h"
#include "console/conversation.h"
#include "console/flags.h"
#include "console/stream_text.h"
#include "infer/stop_text.h"
#include "system/file.h"
#include "text/stream_decoder.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

std::vector<TokenId> parse_ids(const std::string& list, Index vocab_size) {
  std::vector<TokenId> ids;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    std::istringstream number(word);
    Index id = -1;
    check(bool(number >> id) && (number >> std::ws).eof() && id >= 0 && id < vocab_size,
          "--ids: found \"", word, "\", expected token ids from 0 to ", vocab_size - 1,
          ", separated by commas");
    ids.push_back(TokenId(id));
  }
  check(!ids.empty(), "--ids: is empty, expected token ids separated by commas");
  return ids;
}

void print_ids(const std::vector<TokenId>& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) std::cout << (i ? "," : "") << ids[i];
  std::cout << "\n";
}

}  // namespace

int generate_command(int argc, char** argv) {
  cxxopts::Options options("seekling generate", "Continues a text.");
  // clang-format off
  options.add_options()
      ("prompt", "text to continue (default: read from stdin)",
       cxxopts::value<std::string>(), "TEXT")
      ("ids", "token ids to continue instead of a text: 0,17,4",
       cxxopts::value<std::string>(), "LIST")
      ("system", "the system prompt of a conversation, in the model's chat template, in which the "
       "text is the question", cxxopts::value<std::string>(), "TEXT")
      ("print-ids", "print token ids instead of text")
      ("no-eos", "continue after the token that ends a text");
  // clang-format on
  add_sampling(options, "0");
  options.positional_help("[TEXT]");
  const auto flags = parse(options, argc, argv, "prompt");
  if (flags.count("system") && flags.count("ids"))
    throw Usage("--system: --ids is given as well, expected --prompt");
  sampling_of(flags);
  const std::vector<std::string> stops = stops_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const LoadedModel model(flags);
  const Index positions = model.config().max_position_embeddings;

  // The tokens to continue
  std::vector<TokenId> ids;
  std::optional<Tokenizer> tokenizer;
  if (!flags.count("ids") || !flags.count("print-ids") || !stops.empty())
    tokenizer = read_tokenizer(folder.string());
  std::string prompt;
  if (flags.count("ids")) {
    ids = parse_ids(flags["ids"].as<std::string>(), model.config().vocab_size);
  } else {
    if (flags.count("prompt")) prompt = flags["prompt"].as<std::string>();
    else prompt = read_stream(std::cin, "stdin", kLongestPrompt);
    if (flags.count("system")) {
      Conversation conversation(*tokenizer, folder, to_stderr);
      conversation.add("system", flags["system"].as<std::string>());
      conversation.add("user", prompt);
      ids = conversation.ids();
    } else {
      ids = tokenizer->encode(prompt);
      if (tokenizer->adds_bos()) ids.insert(ids.begin(), tokenizer->bos());
    }
  }
  check(!ids.empty(),
        "--prompt: found an empty text, before which this tokenizer puts no token; expected a text "
        "to continue");
  check(Index(ids.size()) <= positions, "the prompt has ", ids.size(),
        " tokens, but the model has ", positions, " positions (max_position_embeddings)");

  // Their continuation
  TextGenerator generator(flags, model, Index(ids.size()) + max_tokens);
  generator.read(ids);
  const Ends ends =
      flags.count("no-eos") ? Ends(-1) : generator.ends_with(tokenizer ? tokenizer->eos() : -1);
  const Index room = std::min(max_tokens, positions - Index(ids.size()));
  if (!flags.count("print-ids")) {
    if (!flags.count("system")) std::cout << prompt << std::flush;
    generator.stream(*tokenizer, room, ends);
  } else if (stops.empty()) {
    print_ids(generator.generate(room, ends));
  } else {  // the ids up to the one that completes a stop string
    StreamDecoder text(*tokenizer, /*keep_specials=*/false);
    StopText stop(stops);
    print_ids(generator.generate(room, ends, [&](TokenId id) {
      stop.feed(text.feed(id));
      return !stop.stopped();
    }));
  }
  if (flags.count("verbose")) generator.report();
  return 0;
}

}  // namespace seekling
