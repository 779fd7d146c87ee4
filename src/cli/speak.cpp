// seekling generate and seekling chat: text as it comes, never half a character.
#include <iostream>
#include <sstream>

#include "cli/command.h"
#include "cli/device.h"
#include "cli/load_model.h"
#include "cli/places.h"
#include "cli/precision.h"
#include "data/stream_decoder.h"
#include "infer/gpu_generator.h"
#include "infer/stop_text.h"
#include "interop/tokenizer_json.h"

namespace seekling {

namespace {

void add_sampling(cxxopts::Options& options, const char* temperature) {
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder (default: the latest run)",
       cxxopts::value<std::string>(), "DIR")
      ("max-tokens", "largest number of tokens to generate",
       cxxopts::value<Index>()->default_value("200"), "N")
      ("temperature", "logits are divided by this before sampling; 0: the likeliest token",
       cxxopts::value<double>()->default_value(temperature), "X")
      ("top-k", "sample among the K likeliest tokens; 0: all",
       cxxopts::value<Index>()->default_value("0"), "K")
      ("top-p", "sample among the fewest likeliest tokens whose probabilities sum to P",
       cxxopts::value<double>()->default_value("1"), "P")
      ("min-p", "sample among tokens at least P times as likely as the likeliest",
       cxxopts::value<double>()->default_value("0"), "P")
      ("repetition-penalty", "above 1: tokens that have occurred become less likely",
       cxxopts::value<double>()->default_value("1"), "X")
      ("stop", "stop before this text; may be given several times",
       cxxopts::value<std::string>(), "TEXT")
      ("speculative", "guess tokens ahead by multi-token prediction, with the same distribution")
      ("v,verbose", "print the cache's size and, with --speculative, how many guesses were right")
      ("seed", "seed of the sampling", cxxopts::value<std::uint64_t>()->default_value("0"), "N");
  // clang-format on
  add_precision(options);
  add_device(options);
}

Sampling sampling_of(const cxxopts::ParseResult& flags) {
  const Sampling s{flags["temperature"].as<double>(),
                   flags["top-k"].as<Index>(),
                   flags["top-p"].as<double>(),
                   flags["min-p"].as<double>(),
                   flags["repetition-penalty"].as<double>(),
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

std::vector<std::string> stops_of(const cxxopts::ParseResult& flags) {
  std::vector<std::string> stops;
  for (const auto& flag : flags.arguments())
    if (flag.key() == "stop") stops.push_back(flag.value());
  StopText{stops};  // says what is wrong with them
  return stops;
}

// A model, prepared for one of the two.
struct OnDevice {
  std::optional<Decoder> cpu;
  std::unique_ptr<Transformer> gpu;

  explicit OnDevice(const cxxopts::ParseResult& flags) {
    const Precision precision = precision_of(flags);
    const Device device = device_of(flags);
    if (device == Device::kCuda)
      for (const char* flag : {"weights", "cache", "decode", "speculative"})
        check(!flags.count(flag), "--", flag, ": a GPU decodes in fp32, absorbed, without guessing ahead; leave --",
              flag, " out, or --device");
    auto model = load_model(model_of(flags), to_stderr);
    if (device == Device::kCpu) {
      cpu.emplace(*model, precision);
    } else {
      gpu = std::move(model);
      gpu->move_to(device);
    }
  }
  const Config& config() const { return gpu ? gpu->config : cpu->config; }
};

// One model, its generator, and what it is asked for.
struct Speaker {
  Speaker(const cxxopts::ParseResult& flags, const OnDevice& model, Index capacity)
      : sampling(sampling_of(flags)), stops(stops_of(flags)), speculative(flags.count("speculative") > 0) {
    if (model.gpu) gpu.emplace(*model.gpu, capacity);
    else cpu.emplace(*model.cpu, capacity, speculative);
    const bool absorbed = model.gpu || model.cpu->precision.decoding == Decoding::kAbsorbed;
    form = model.config().attention != "mla" ? "heads" : absorbed ? "absorbed" : "naive";
    weights = model.gpu ? "fp32" : name(model.cpu->precision.weights);
  }

  void read(std::span<const TokenId> ids) { gpu ? gpu->read(ids) : cpu->read(ids); }
  Index length() const { return gpu ? gpu->length() : cpu->length(); }

  std::vector<TokenId> generate(Index max_tokens, TokenId eos, const Each& each = {}) {
    const auto ids = gpu           ? gpu->generate(max_tokens, sampling, eos, each)
                     : speculative ? cpu->generate_guessing(max_tokens, sampling, eos, guesses, each)
                                   : cpu->generate(max_tokens, sampling, eos, each);
    written += Index(ids.size());
    return ids;
  }

  // Generates and prints as it goes, to the end of the sentence unless eos is negative, or to a stop string.
  void stream(const Tokenizer& tokenizer, Index max_tokens, TokenId eos) {
    StreamDecoder decoder(tokenizer, /*keep_specials=*/false);
    StopText stop(stops);
    generate(max_tokens, eos, [&](TokenId id) {
      std::cout << stop.feed(decoder.feed(id)) << std::flush;
      return bool(std::cout) && !stop.stopped();
    });
    std::cout << stop.feed(decoder.flush());
    std::cout << stop.flush() << "\n" << std::flush;
  }

  void report() const {
    const Index bytes = gpu ? gpu->cache_bytes_per_token() : cpu->cache().bytes_per_token();
    const Index room = gpu ? gpu->cache_bytes() : cpu->cache().bytes();
    std::cerr << "cache: " << length() << " tokens x " << bytes << " bytes (" << form << ", "
              << (gpu ? "fp32" : name(cpu->cache().format)) << ") = " << length() * bytes << " bytes of " << room
              << "\n"
              << "weights: " << weights << "\n";
    if (!speculative) return;
    std::cerr << text("guesses: ", guesses.accepted, " of ", guesses.made, " accepted (",
                      100 * double(guesses.accepted) / double(std::max<Index>(guesses.made, 1)), " %), ",
                      guesses.tokens_per_step(written - 1), " tokens a step\n");
  }

  Sampling sampling;
  std::vector<std::string> stops;
  bool speculative;
  std::optional<Generator> cpu;
  std::optional<GpuGenerator> gpu;
  Generator::Guesses guesses = {};
  Index written = 0;
  std::string weights, form;
};

}  // namespace

int generate_command(int argc, char** argv) {
  cxxopts::Options options("seekling generate", "Continues a text.");
  add_sampling(options, "0");
  // clang-format off
  options.add_options()
      ("prompt", "text to continue (default: read from stdin)",
       cxxopts::value<std::string>(), "TEXT")
      ("ids", "token ids to continue instead of a text: 0,17,4",
       cxxopts::value<std::string>(), "LIST")
      ("print-ids", "print token ids instead of text")
      ("no-eos", "continue after the token that ends a text");
  // clang-format on
  options.positional_help("[TEXT]");
  const auto flags = parse(options, argc, argv, "prompt");
  sampling_of(flags);
  const std::vector<std::string> stops = stops_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const OnDevice model(flags);
  const Index positions = model.config().max_position_embeddings;

  std::vector<TokenId> ids;
  std::optional<Tokenizer> tokenizer;
  if (!flags.count("ids") || !flags.count("print-ids") || !stops.empty()) tokenizer = read_tokenizer(folder.string());
  std::string prompt;
  if (flags.count("ids")) {
    ids = parse_ids(flags["ids"].as<std::string>(), model.config().vocab_size);
  } else {
    if (flags.count("prompt")) prompt = flags["prompt"].as<std::string>();
    else prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
    ids = tokenizer->encode(prompt);
    ids.insert(ids.begin(), tokenizer->bos());
  }
  check(Index(ids.size()) <= positions, "the prompt has ", ids.size(), " tokens, but the model ", positions,
        " positions (max_position_embeddings)");
  Speaker speaker(flags, model, Index(ids.size()) + max_tokens);
  speaker.read(ids);
  const TokenId eos = flags.count("no-eos") ? -1 : tokenizer ? tokenizer->eos() : TokenId(model.config().eos_token_id);
  const Index room = std::min(max_tokens, positions - Index(ids.size()));
  if (!flags.count("print-ids")) {
    std::cout << prompt << std::flush;
    speaker.stream(*tokenizer, room, eos);
  } else if (stops.empty()) {
    print_ids(speaker.generate(room, eos));
  } else {  // the ids up to the one that completes a stop string
    StreamDecoder text(*tokenizer, /*keep_specials=*/false);
    StopText stop(stops);
    print_ids(speaker.generate(room, eos, [&](TokenId id) {
      stop.feed(text.feed(id));
      return !stop.stopped();
    }));
  }
  if (flags.count("verbose")) speaker.report();
  return 0;
}

int chat_command(int argc, char** argv) {
  cxxopts::Options options("seekling chat", "Talks with a model, a line at a time; an empty line or Ctrl-D ends it.");
  add_sampling(options, "0.7");
  const auto flags = parse(options, argc, argv);
  sampling_of(flags);
  const Index max_tokens = number_of(flags, "max-tokens", 0);
  const auto folder = model_of(flags);
  const OnDevice model(flags);
  const Index positions = model.config().max_position_embeddings;
  const Tokenizer tokenizer = read_tokenizer(folder.string());
  Speaker speaker(flags, model, positions);
  speaker.read(std::vector<TokenId>{tokenizer.bos()});
  for (std::string line; std::cerr << "> " << std::flush, std::getline(std::cin, line) && !line.empty();) {
    const std::vector<TokenId> turn =
        tokenizer.encode("User: " + line + "\n\nAssistant:", /*specials=*/false);  // typed specials stay text
    const Index left = positions - speaker.length() - Index(turn.size()) - 1;
    check(left > 0, "the conversation has filled the model's ", positions,
          " positions (max_position_embeddings); start a new one");
    speaker.read(turn);
    speaker.stream(tokenizer, std::min(left, max_tokens), tokenizer.eos());
    speaker.read(std::vector<TokenId>{tokenizer.eos()});
    ++speaker.sampling.seed;  // another answer to the same words
  }
  if (flags.count("verbose")) speaker.report();
  return 0;
}

}  // namespace seekling
