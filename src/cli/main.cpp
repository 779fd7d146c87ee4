// seekling COMMAND [FLAGS]. Results on stdout, the rest on stderr; exit 0, 1 for a failure,
// 2 for wrong usage.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>

#include "cli/command.h"
#include "console/flags.h"

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
    {"eval", eval_command,
     "held-out loss, bits per byte, and exact match on the toy world's questions"},
    {"score", score_command,
     "logits, losses, hidden states and gradients, for checking against other programs"},
    {"export", export_command,
     "write a model as a Hugging Face folder, or as a GGUF file for llama.cpp"},
    {"import", import_command, "convert a GGUF file to a Hugging Face folder"},
    {"params", params_command, "parameters, FLOPs and cache bytes of a model"},
    {"tokenizer", tokenizer_command, "train, encode, decode"},
    {"data", data_command, "make the toy world, or turn raw text into training text"},
    {"bench", bench_command, "measure the speed of training, decoding and matrix products"},
    {"doctor", doctor_command, "what is wrong with this machine, or with a run"},
    {"list", list_command, "the course: chapters, exercises, and how far you are"},
    {"start", start_command, "N: copies the exercises of chapter N to my/"},
    {"demo", demo_command, "N: builds and runs the demo of chapter N"},
    {"check", check_command, "N: checks what you wrote; --watch: after every save"},
    {"hint", hint_command, "N.K: a hint for an exercise; --level 2 and 3 say more"},
    {"solution", solution_command, "N.K: our code, once yours has passed"},
    {"grade", grade_command, "DIR: points for a folder of exercises, for instructors"},
};

int usage(std::ostream& out, int code) {
  out << "seekling COMMAND [FLAGS]; seekling COMMAND --help lists its flags\n\n";
  for (const Command& c : kCommands)
    out << "  " << c.name << std::string(12 - std::string(c.name).size(), ' ') << c.does << "\n";
  return code;
}

}  // namespace

static int run(int argc, char** argv) {
  if (argc < 2) return usage(std::cerr, 2);
  const std::string name = argv[1];
  if (wants_mine(argc, argv)) return mine_command(argc, argv);
  if (name == "--help" || name == "help" || name == "-h") return usage(std::cout, 0);
  for (const Command& c : kCommands)
    if (name == c.name) return c.run(argc - 1, argv + 1);
  std::cerr << "seekling: there is no command " << name << "\n\n";
  return usage(std::cerr, 2);
}

}  // namespace seekling

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file over the limit (ulimit -f) is an error of its write
  try {
    const int code = seekling::run(argc, argv);
    seekling::check(std::fflush(stdout) == 0 && !std::ferror(stdout),
                    "stdout: cannot be written; is the disk full?");
    return code;
  } catch (const seekling::Usage& e) {
    std::cerr << "seekling: " << e.what() << "\n";
    return 2;
  } catch (const seekling::Error& e) {
    std::cerr << "seekling: " << e.what() << "\n";
    return std::string_view(e.what()).starts_with("--") ? 2 : 1;  // such a message is about a flag
  } catch (const std::bad_alloc&) {
    std::cerr << "seekling: this machine has too little memory for that; try a smaller "
                 "--batch-size or --seq-len\n";
    return 1;
  } catch (const std::exception& e) {
    std::cerr << "seekling: " << e.what() << "\n";
    return 1;
  }
}
