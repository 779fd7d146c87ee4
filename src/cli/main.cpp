// seekling COMMAND [FLAGS]. Results on stdout, the rest on stderr; exit 0, 1 for a failure, 2 for wrong usage.
#include <cstdlib>
#include <iostream>
#include <map>

#include "cli/command.h"
#include "core/parallel.h"

namespace seekling {

namespace {

struct Command {
  const char* name;
  int (*run)(int, char**);
  const char* does;
};

constexpr Command kCommands[] = {
    {"train", train_command, "train a model, by default the nano preset on the toy world"},
    {"generate", generate_command, "continue a text"},
    {"chat", chat_command, "talk with a model"},
    {"eval", eval_command, "held-out loss, bits per byte, and exact match on the toy world's questions"},
    {"score", score_command, "logits, losses, hidden states and gradients, for checking against other programs"},
    {"export", export_command, "write a model as a Hugging Face folder in fp32, bf16 or fp16"},
    {"params", params_command, "parameters, FLOPs and cache bytes of a model"},
    {"tokenizer", tokenizer_command, "train, encode, decode"},
    {"data", data_command, "make the toy world"},
};

int usage(std::ostream& out, int code) {
  out << "seekling COMMAND [FLAGS]; seekling COMMAND --help lists its flags\n\n";
  for (const Command& c : kCommands) out << "  " << c.name << std::string(12 - std::string(c.name).size(), ' ') << c.does << "\n";
  return code;
}

}  // namespace

cxxopts::ParseResult parse(cxxopts::Options& options, int argc, char** argv, const std::string& positional) {
  options.add_options("Common")("threads", "threads to use (the machine's cores)", cxxopts::value<int>(), "N")(
      "help", "this text");
  if (!positional.empty()) options.parse_positional({positional});
  try {
    cxxopts::ParseResult result = options.parse(argc, argv);
    if (result.count("help")) {
      std::cout << options.help() << "\n";
      std::exit(0);
    }
    if (!result.unmatched().empty()) throw Usage("found \"" + result.unmatched()[0] + "\", which is no flag of this command");
    if (result.count("threads")) set_threads(result["threads"].as<int>());
    return result;
  } catch (const cxxopts::exceptions::exception& e) {
    throw Usage(std::string(e.what()) + "; see --help");
  }
}

static int run(int argc, char** argv) {
  if (argc < 2) return usage(std::cerr, 2);
  const std::string name = argv[1];
  if (name == "--help" || name == "help" || name == "-h") return usage(std::cout, 0);
  for (const Command& c : kCommands)
    if (name == c.name) return c.run(argc - 1, argv + 1);
  std::cerr << "seekling: there is no command " << name << "\n\n";
  return usage(std::cerr, 2);
}

}  // namespace seekling

int main(int argc, char** argv) {
  try {
    return seekling::run(argc, argv);
  } catch (const seekling::Usage& e) {
    std::cerr << "seekling: " << e.what() << "\n";
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "seekling: this machine's memory is too small for that; try a smaller --batch-size or --seq-len\n";
    return 1;
  } catch (const std::exception& e) {
    std::cerr << "seekling: " << e.what() << "\n";
    return 1;
  }
}
