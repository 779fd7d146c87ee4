// The flags of a command line, as every command parses them.
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

// Parses, with --help and --threads added; a flag may also have underscores for its dashes, or the
// name that it has in other programs. Numbers are read to their end or refused. --help prints the
// help and ends the program; a word that is not understood throws Usage. Words that are not flags
// go to `positional`, or are refused if it is empty. `groups`: those that come first in the help.
cxxopts::ParseResult parse(cxxopts::Options& options, int argc, char** argv,
                           const std::string& positional = "",
                           const std::vector<std::string>& groups = {""});

// Every value that a flag was given, as it was typed. as<std::vector<std::string>>() would cut them
// at commas, which file names may have.
std::vector<std::string> all_of(const cxxopts::ParseResult& flags, const std::string& flag);

void to_stderr(const std::string& line);  // a Say for the library's notes

// Usage if the number is smaller.
Index number_of(const cxxopts::ParseResult& flags, const std::string& flag, Index least);

}  // namespace seekling
