// seekling generate and seekling chat: text as it comes, never half a character.
#include <iostream>
#include <sstream>

#include "cli/command.h"
#include "cli/places.h"
#include "data/stream_decoder.h"
#include "infer/generate.h"
#include "interop/tokenizer_json.h"

namespace seekling {

namespace {

void add_sampling(cxxopts::Options& options, const char* temperature) {
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder (the latest run)", cxxopts::value<std::string>(), "DIR")
      ("max-tokens", "tokens to generate at most", cxxopts::value<Index>()->default_value("200"), "N")
      ("temperature", "0 takes the most likely token", cxxopts::value<double>()->default_value(temperature), "X")
      ("top-k", "sample among the K most likely; 0: all", cxxopts::value<Index>()->default_value("0"), "K")
      ("top-p", "sample among the likeliest that sum to P", cxxopts::value<double>()->default_value("1"), "P")
      ("seed", "of the sampling", cxxopts::value<std::uint64_t>()->default_value("0"), "N");
  // clang-format on
}

Sampling sampling_of(const cxxopts::ParseResult& flags) {
  const Sampling s{flags["temperature"].as<double>(), flags["top-k"].as<Index>(), flags["top-p"].as<double>(),
                   flags["seed"].as<std::uint64_t>()};
  check_sampling(s);
  return s;
}

std::filesystem::path model_of(const cxxopts::ParseResult& flags) {
  return flags.count("model") ? std::filesystem::path(flags["model"].as<std::string>()) : latest_run();
}

std::vector<TokenId> parse_ids(const std::string& list, Index vocab_size) {
  std::vector<TokenId> ids;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    std::istringstream number(word);
    Index id = -1;
    check(bool(number >> id) && (number >> std::ws).eof() && id >= 0 && id < vocab_size, "--ids: found \"", word,
          "\", expected token ids from 0 to ", vocab_size - 1, ", separated by commas");
    ids.push_back(TokenId(id));
  }
  check(!ids.empty(), "--ids: is empty, expected token ids separated by commas");
  return ids;
}

void print_ids(const std::vector<TokenId>& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) std::cout << (i ? "," : "") << ids[i];
  std::cout << "\n";
}

// Generates and prints as it goes, to the end of the sentence unless eos is negative.
void stream(Generator& generator, const Tokenizer& tokenizer, const Sampling& sampling, Index max_tokens, TokenId eos) {
  StreamDecoder decoder(tokenizer, /*keep_specials=*/false);
  generator.generate(max_tokens, sampling, eos, [&](TokenId id) {
    std::cout << decoder.feed(id) << std::flush;
    return bool(std::cout);
  });
  std::cout << decoder.flush() << "\n" << std::flush;
}

}  // namespace

int generate_command(int argc, char** argv) {
  cxxopts::Options options("seekling generate", "Continues a text.");
  add_sampling(options, "0");
  // clang-format off
  options.add_options()
      ("prompt", "the text to continue; without it, stdin is read", cxxopts::value<std::string>(), "TEXT")
      ("ids", "token ids to continue instead of a text, as they are: 0,17,4", cxxopts::value<std::string>(), "LIST")
      ("print-ids", "print token ids instead of text")
      ("no-eos", "go on after the end of the text")
      ("v,verbose", "say what the cache holds");
  // clang-format on
  const auto flags = parse(options, argc, argv, "prompt");
  const Sampling sampling = sampling_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const auto model = load_model(folder);

  std::vector<TokenId> ids;
  const bool text_needed = !flags.count("ids") || !flags.count("print-ids");
  std::optional<Tokenizer> tokenizer;
  if (text_needed) tokenizer = read_tokenizer(folder.string());
  if (flags.count("ids")) {
    ids = parse_ids(flags["ids"].as<std::string>(), model->config.vocab_size);
  } else {
    std::string prompt;
    if (flags.count("prompt")) prompt = flags["prompt"].as<std::string>();
    else prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
    ids = tokenizer->encode(prompt);
    ids.insert(ids.begin(), tokenizer->bos());
    if (!flags.count("print-ids")) std::cout << prompt << std::flush;
  }
  check(Index(ids.size()) <= model->config.max_position_embeddings, "the prompt has ", ids.size(),
        " tokens, but the model ", model->config.max_position_embeddings, " positions (max_position_embeddings)");
  Generator generator(*model, Index(ids.size()) + max_tokens);
  generator.read(ids);
  const TokenId eos = flags.count("no-eos") ? -1 : tokenizer ? tokenizer->eos() : TokenId(model->config.eos_token_id);
  const Index room = std::min(max_tokens, model->config.max_position_embeddings - Index(ids.size()));
  if (flags.count("print-ids")) print_ids(generator.generate(room, sampling, eos));
  else stream(generator, *tokenizer, sampling, room, eos);
  if (flags.count("verbose")) {
    std::cerr << "cache: " << generator.length() << " tokens x " << generator.cache_elements()
              << " numbers = " << generator.length() * generator.cache_elements() * Index(sizeof(real)) << " bytes\n";
  }
  return 0;
}

int chat_command(int argc, char** argv) {
  cxxopts::Options options("seekling chat", "Talks with a model, a line at a time; an empty line or Ctrl-D ends it.");
  add_sampling(options, "0.7");
  const auto flags = parse(options, argc, argv);
  Sampling sampling = sampling_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const auto model = load_model(folder);
  const Tokenizer tokenizer = read_tokenizer(folder.string());
  Generator generator(*model, model->config.max_position_embeddings);
  generator.read(std::vector<TokenId>{tokenizer.bos()});
  for (std::string line; std::cerr << "> " << std::flush, std::getline(std::cin, line) && !line.empty();) {
    const std::vector<TokenId> turn =
        tokenizer.encode("User: " + line + "\n\nAssistant:", /*specials=*/false);  // typed specials stay text
    const Index left = model->config.max_position_embeddings - generator.length() - Index(turn.size()) - 1;
    check(left > 0, "the conversation has filled the model's ", model->config.max_position_embeddings,
          " positions (max_position_embeddings); start a new one");
    generator.read(turn);
    stream(generator, tokenizer, sampling, std::min(left, max_tokens), tokenizer.eos());
    generator.read(std::vector<TokenId>{tokenizer.eos()});
    ++sampling.seed;  // another answer to the same words
  }
  return 0;
}

}  // namespace seekling
