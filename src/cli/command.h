// The subcommands of the one program, and what they share.
#pragma once

#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/real.h"

namespace seekling {

struct Usage : Error {  // the command line itself is wrong: exit code 2 instead of 1
  using Error::Error;
};

int train_command(int argc, char** argv);
int generate_command(int argc, char** argv);
int chat_command(int argc, char** argv);
int eval_command(int argc, char** argv);
int score_command(int argc, char** argv);
int export_command(int argc, char** argv);
int import_command(int argc, char** argv);
int params_command(int argc, char** argv);
int tokenizer_command(int argc, char** argv);
int data_command(int argc, char** argv);
int bench_command(int argc, char** argv);
int doctor_command(int argc, char** argv);
int list_command(int argc, char** argv);
int start_command(int argc, char** argv);
int demo_command(int argc, char** argv);
int check_command(int argc, char** argv);
int hint_command(int argc, char** argv);
int solution_command(int argc, char** argv);
int grade_command(int argc, char** argv);

// seekling COMMAND --mine: the same command in a program that has the files of my/ in the place of the library's.
bool wants_mine(int argc, char** argv);
int mine_command(int argc, char** argv);

// Parses, with --help and --threads added. --help prints the help and ends the program; a word that
// is not understood throws Usage. Words that are not flags go to `positional`, or are refused if it
// is empty. `groups`: those that come first in the help.
cxxopts::ParseResult parse(cxxopts::Options& options, int argc, char** argv,
                           const std::string& positional = "",
                           const std::vector<std::string>& groups = {""});

void to_stderr(const std::string& line);  // a Say for the library's notes

Index number_of(const cxxopts::ParseResult& flags, const std::string& flag, Index least);  // Usage if it is smaller

}  // namespace seekling
