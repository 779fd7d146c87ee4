#include "console/stream_text.h"

#include <algorithm>
#include <iostream>

#include "console/device.h"
#include "console/flags.h"
#include "console/precision.h"
#include "infer/stop_text.h"
#include "interop/find_model.h"
#include "interop/load_model.h"
#include "text/stream_decoder.h"

namespace seekling {

void add_sampling(cxxopts::Options& options, const char* temperature) {
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder (default: the latest run)",
       cxxopts::value<std::string>(), "DIR")
      ("max-tokens", "largest number of tokens to generate",
       cxxopts::value<Index>()->default_value("200"), "N")
      ("temperature", "logits are divided by this before sampling; 0: the likeliest token; the model's "
       "generation_config.json overrides the default",
       cxxopts::value<double>()->default_value(temperature), "X")
      ("top-k", "sample among the K likeliest tokens; 0: all; generation_config.json overrides the "
       "default",
       cxxopts::value<Index>()->default_value("0"), "K")
      ("top-p", "sample among the fewest likeliest tokens whose probabilities sum to P; "
       "generation_config.json overrides the default",
       cxxopts::value<double>()->default_value("1"), "P")
      ("min-p", "sample among tokens at least P times as likely as the likeliest",
       cxxopts::value<double>()->default_value("0"), "P")
      ("repetition-penalty", "above 1: tokens that have occurred become less likely",
       cxxopts::value<double>()->default_value("1"), "X")
      ("stop", "stop before this text; may be given several times",
       cxxopts::value<std::string>(), "TEXT")
      ("speculative", "speculative decoding: multi-token prediction drafts tokens; the "
       "distribution stays the same")
      ("v,verbose", "print the cache's size and, with --speculative, how many drafted tokens were "
       "accepted")
      ("seed", "seed of the sampling", cxxopts::value<std::uint64_t>()->default_value("0"), "N");
  // clang-format on
  add_precision(options);
  add_device(options);
}

Sampling sampling_of(const cxxopts::ParseResult& flags, const GenerationConfig& usual) {
  const auto value = [&]<class T>(const char* flag, const std::optional<T>& otherwise) {
    return otherwise && !flags.count(flag) ? *otherwise : flags[flag].as<T>();
  };
  const Sampling s{value("temperature", usual.temperature),
                   value("top-k", usual.top_k),
                   value("top-p", usual.top_p),
                   flags["min-p"].as<double>(),
                   flags["repetition-penalty"].as<double>(),
                   flags["seed"].as<std::uint64_t>()};
  check_sampling(s);
  return s;
}

std::filesystem::path model_of(const cxxopts::ParseResult& flags) {
  return flags.count("model") ? std::filesystem::path(flags["model"].as<std::string>())
                              : latest_run();
}

std::vector<std::string> stops_of(const cxxopts::ParseResult& flags) {
  const std::vector<std::string> stops = all_of(flags, "stop");
  StopText{stops};  // says what is wrong with them
  return stops;
}

LoadedModel::LoadedModel(const cxxopts::ParseResult& flags) {
  const Precision precision = precision_of(flags);
  const Device device = device_of(flags);
  if (device == Device::kCuda)
    for (const char* flag : {"weights", "cache", "decode", "speculative"})
      check(!flags.count(flag), "--", flag,
            ": a GPU decodes only in fp32, absorbed and without speculation; leave --", flag,
            " out, or --device");
  auto model = load_model(model_of(flags), to_stderr);
  if (device == Device::kCpu) {
    cpu.emplace(*model, precision);
  } else {
    gpu = std::move(model);
    gpu->move_to(device);
  }
}

TextGenerator::TextGenerator(const cxxopts::ParseResult& flags, const LoadedModel& of,
                             Index positions)
    : usual(read_generation_config(model_of(flags), of.config())),
      sampling(sampling_of(flags, usual)), model(of), capacity(positions), stops(stops_of(flags)),
      speculative(flags.count("speculative") > 0) {
  start();
  form = model.gpu ? model.gpu->layers[0]->attention().cache_form(Decoding::kAbsorbed)
                   : model.cpu->cache_form();
  weights = model.gpu ? "fp32" : name(model.cpu->precision.weights);
}

void TextGenerator::start() {
  history.clear();
  if (model.gpu) gpu.emplace(*model.gpu, capacity);
  else cpu.emplace(*model.cpu, capacity, speculative);
}

void TextGenerator::read(std::span<const TokenId> ids) {
  gpu ? gpu->read(ids) : cpu->read(ids);
  history.insert(history.end(), ids.begin(), ids.end());
}

void TextGenerator::read_rest_of(std::span<const TokenId> conversation) {
  const std::size_t known = history.size();
  const bool follows = known < conversation.size() &&
                       std::equal(history.begin(), history.end(), conversation.begin());
  if (!follows) start();
  read(conversation.subspan(follows ? known : 0));
}

Ends TextGenerator::ends_with(TokenId eos) const {
  Ends ends(usual.ends);
  ends.ids.push_back(eos);
  return ends;
}

std::vector<TokenId> TextGenerator::generate(Index max_tokens, const Ends& ends, const Each& each) {
  const auto ids = gpu           ? gpu->generate(max_tokens, sampling, ends, each)
                   : speculative ? cpu->generate_guessing(max_tokens, sampling, ends, guesses, each)
                                 : cpu->generate(max_tokens, sampling, ends, each);
  written += Index(ids.size());
  history.insert(history.end(), ids.begin(), ids.end());
  history.resize(std::size_t(length()));  // the last token may not have been read
  return ids;
}

std::string TextGenerator::stream(const Tokenizer& tokenizer, Index max_tokens, const Ends& ends) {
  StreamDecoder decoder(tokenizer, /*keep_specials=*/false);
  StopText stop(stops);
  std::string all;
  const auto print = [&](const std::string& part) {
    std::cout << part << std::flush;
    all += part;
  };
  generate(max_tokens, ends, [&](TokenId id) {
    print(stop.feed(decoder.feed(id)));
    return bool(std::cout) && !stop.stopped();
  });
  print(stop.feed(decoder.flush()));
  print(stop.flush());
  std::cout << "\n" << std::flush;
  return all;
}

void TextGenerator::report() const {
  const Index bytes = gpu ? gpu->cache_bytes_per_token() : cpu->cache().bytes_per_token();
  const Index room = gpu ? gpu->cache_bytes() : cpu->cache().bytes();
  std::cerr << "cache: " << length() << " tokens x " << bytes << " bytes (" << form << ", "
            << (gpu ? "fp32" : name(cpu->cache().format)) << ") = " << length() * bytes
            << " bytes of " << room << "\n"
            << "weights: " << weights << "\n";
  if (!speculative) return;
  std::cerr << text("drafted tokens: ", guesses.accepted, " of ", guesses.made, " accepted (",
                    100 * double(guesses.accepted) / double(std::max<Index>(guesses.made, 1)),
                    " %), ", guesses.tokens_per_step(written - 1), " tokens a step\n");
}

}  // namespace seekling
