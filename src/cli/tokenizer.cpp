// seekling tokenizer train / encode / decode, after Hugging Face's tokenizer.json.
#include "text/tokenizer.h"

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "console/flags.h"
#include "data/tokenize.h"
#include "system/file.h"
#include "text/bpe_train.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

std::string input_of(const cxxopts::ParseResult& flags) {
  if (flags.count("file")) return read_file(flags["file"].as<std::string>());
  return read_stream(std::cin, "stdin", most_text());
}

std::string as_list(const std::vector<TokenId>& ids) {  // [1,2,3]
  std::string list = "[";
  for (const TokenId id : ids) (list += list.size() > 1 ? "," : "") += std::to_string(id);
  return list + "]";
}

template <class Each>
void for_each_line(const std::string& text, Each&& each) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    each(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

PreTokenizerKind kind_of(const std::string& name) {
  if (name == "gpt2") return PreTokenizerKind::kGpt2;
  if (name == "deepseek-v2") return PreTokenizerKind::kDeepseekV2;
  if (name == "deepseek-v3") return PreTokenizerKind::kDeepseekV3;
  throw Error("--pre-tokenizer: found " + name + ", expected gpt2, deepseek-v2 or deepseek-v3");
}

int train(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling tokenizer train",
                           "Learns a byte-level BPE vocabulary from text.");
  // clang-format off
  options.add_options()
      ("data", "training text: files, folders, .jsonl",
       cxxopts::value<std::vector<std::string>>(), "PATH")
      ("vocab-size", "tokens in the vocabulary, special tokens and bytes included",
       cxxopts::value<Index>()->default_value("4096"), "N")
      ("min-frequency", "least number of occurrences for a pair to be merged",
       cxxopts::value<Index>()->default_value("2"), "N")
      ("pre-tokenizer", "rule that cuts text into pieces first: gpt2, deepseek-v2 or deepseek-v3",
       cxxopts::value<std::string>()->default_value("deepseek-v3"), "KIND")
      ("out", "the tokenizer.json to write",
       cxxopts::value<std::string>()->default_value("tokenizer.json"), "FILE");
  // clang-format on
  options.positional_help("PATH ...");
  const auto flags = parse(options, argc, argv, "data");
  if (!flags.count("data")) throw Usage("tokenizer train: --data is missing; see --help");
  BpeTraining training;
  training.vocab_size = flags["vocab-size"].as<Index>();
  training.min_frequency = flags["min-frequency"].as<Index>();
  training.pre_tokenizer = kind_of(flags["pre-tokenizer"].as<std::string>());

  // Learn from the files, and write the tokenizer
  const auto given = all_of(flags, "data");
  const Corpus corpus(std::vector<std::filesystem::path>(given.begin(), given.end()));
  const auto [tokenizer, malformed] =
      learn_tokenizer([&](const VisitDocument& visit) { corpus.for_each(visit); }, training);
  say_what_is_odd(corpus, malformed, to_stderr);
  write_tokenizer(tokenizer, flags["out"].as<std::string>());
  std::cerr << "wrote " << tokenizer.vocab_size() << " tokens to " << flags["out"].as<std::string>()
            << "\n";
  return 0;
}

cxxopts::Options coding_options(const char* name, const char* does) {
  cxxopts::Options options(name, does);
  // clang-format off
  options.add_options()
      ("tokenizer", "a tokenizer.json, or a folder with one", cxxopts::value<std::string>(), "FILE")
      ("file", "input (default: stdin)", cxxopts::value<std::string>(), "FILE")
      ("jsonl", "read a JSON value from each line of the input and write its result as JSON");
  // clang-format on
  options.positional_help("[FILE]");
  return options;
}

Tokenizer tokenizer_of(const cxxopts::ParseResult& flags) {
  if (!flags.count("tokenizer")) throw Usage("tokenizer: --tokenizer is missing; see --help");
  return read_tokenizer(flags["tokenizer"].as<std::string>());
}

std::string json_line(const std::string& line, std::size_t number) {
  const nlohmann::json j = parse_json(line, text("line ", number));
  check(j.is_string(), "line ", number, ": found ", line.substr(0, 60), ", expected a JSON string");
  return j.get<std::string>();
}

int encode(int argc, char** argv) {
  cxxopts::Options options =
      coding_options("seekling tokenizer encode", "Text to ids, a JSON list for each line.");
  options.add_options()("whole", "write one list for the whole input, line breaks included");
  const auto flags = parse(options, argc, argv, "file");
  if (flags.count("whole") && flags.count("jsonl"))
    throw Usage("--whole: --jsonl is given as well, expected one of them");
  const Tokenizer tokenizer = tokenizer_of(flags);
  const std::string input = input_of(flags);
  std::vector<std::string> texts;
  if (flags.count("whole")) texts.push_back(input);
  else
    for_each_line(input, [&](const std::string& line) {
      texts.push_back(flags.count("jsonl") ? json_line(line, texts.size() + 1) : line);
    });
  for (const auto& ids : tokenizer.encode_batch(texts)) std::cout << as_list(ids) << "\n";
  return 0;
}

int decode(int argc, char** argv) {
  cxxopts::Options options =
      coding_options("seekling tokenizer decode", "Ids, a JSON list on each line, to text.");
  const auto flags = parse(options, argc, argv, "file");
  const Tokenizer tokenizer = tokenizer_of(flags);
  std::size_t number = 0;
  for_each_line(input_of(flags), [&](const std::string& line) {
    const nlohmann::json j = parse_json(line, text("line ", ++number));
    std::vector<TokenId> ids;
    check(j.is_array(), "line ", number, ": found ", line.substr(0, 60),
          ", expected a JSON list of ids");
    for (const auto& id : j) {
      check(id.is_number_unsigned() && id.get<std::uint64_t>() <= INT32_MAX, "line ", number,
            ": found ", id.dump(), ", expected token ids");
      ids.push_back(id.get<TokenId>());
    }
    const std::string decoded = tokenizer.decode(ids);
    std::cout << (flags.count("jsonl") ? nlohmann::json(decoded).dump() : decoded) << "\n";
  });
  return 0;
}

}  // namespace

int tokenizer_command(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "--help" || what == "-h") {
    std::cout << "seekling tokenizer train, encode or decode [FLAGS]; seekling tokenizer train "
                 "--help lists its flags\n";
    return 0;
  }
  if (what == "train") return train(argc - 1, argv + 1);
  if (what == "encode") return encode(argc - 1, argv + 1);
  if (what == "decode") return decode(argc - 1, argv + 1);
  throw Usage("tokenizer: found \"" + what + "\", expected train, encode or decode");
}

}  // namespace seekling
