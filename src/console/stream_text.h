// The shared part of seekling generate and seekling chat: the flags of sampling, a model on its
// device, and text that is printed as it is generated.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "infer/gpu_generator.h"
#include "interop/generation_config.h"
#include "text/tokenizer.h"

namespace seekling {

constexpr std::size_t kLongestPrompt = 16 << 20;  // bytes: more than any model's context

void add_sampling(cxxopts::Options& options, const char* temperature);
// A flag that is not given has the value of generation_config.json, if that has one.
Sampling sampling_of(const cxxopts::ParseResult& flags, const GenerationConfig& usual = {});
std::vector<std::string> stops_of(const cxxopts::ParseResult& flags);
std::filesystem::path model_of(const cxxopts::ParseResult& flags);

// A model that is ready to decode: packed on the CPU, or moved to the GPU.
struct LoadedModel {
  std::optional<Decoder> cpu;
  std::unique_ptr<Transformer> gpu;

  explicit LoadedModel(const cxxopts::ParseResult& flags);
  const Config& config() const { return gpu ? gpu->config : cpu->config; }
};

// A conversation with a model, and the options of its answers.
class TextGenerator {
 public:
  TextGenerator(const cxxopts::ParseResult& flags, const LoadedModel& model, Index capacity);

  void read(std::span<const TokenId> ids);
  // Reads a conversation: only the new part if it begins with everything that was read and
  // generated so far, otherwise all of it again. (A template may drop earlier reasoning.)
  void read_rest_of(std::span<const TokenId> conversation);
  Index length() const { return gpu ? gpu->length() : cpu->length(); }
  std::vector<TokenId> generate(Index max_tokens, const Ends& ends, const Each& each = {});

  // Generates up to one of `ends` or to a stop string, and prints each character when it is
  // complete. Returns the text.
  std::string stream(const Tokenizer& tokenizer, Index max_tokens, const Ends& ends);

  Ends ends_with(TokenId eos) const;  // the model's own, and eos of its tokenizer

  void report() const;  // on stderr: the cache, the formats, and the accepted guesses

  const GenerationConfig usual;  // of the model's files
  Sampling sampling;

 private:
  void start();

  const LoadedModel& model;
  Index capacity;
  std::vector<TokenId> history;  // read or generated, and in the cache
  std::vector<std::string> stops;
  bool speculative;
  std::optional<Generator> cpu;
  std::optional<GpuGenerator> gpu;
  Generator::Guesses guesses = {};
  Index written = 0;
  std::string weights, form;
};

}  // namespace seekling
