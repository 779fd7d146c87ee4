#include "console/flags.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "core/parallel.h"

namespace seekling {

namespace {

constexpr const char* kCommon = "Common";

// cxxopts names the value that it cannot read, but not the flag that it was given to.
std::string unreadable(int argc, char** argv, const std::string& complaint) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    const std::string value = equals != word.npos ? word.substr(equals + 1)
                              : i + 1 < argc      ? argv[i + 1]
                                                  : "";
    if (flag.starts_with("-") && !value.empty() && complaint.find(value) != complaint.npos)
      return flag + ": found " + value + ", which is no number that it can be";
  }
  return complaint;
}

// The groups of flags in the help: `first`, then the others, and last the common flags.
std::vector<std::string> help_order(const cxxopts::Options& options,
                                    const std::vector<std::string>& first) {
  std::vector<std::string> order = first;
  for (const std::string& group : options.groups())
    if (group != kCommon && std::ranges::find(first, group) == first.end()) order.push_back(group);
  order.push_back(kCommon);
  return order;
}

}  // namespace

cxxopts::ParseResult parse(cxxopts::Options& options, int argc, char** argv,
                           const std::string& positional, const std::vector<std::string>& groups) {
  // clang-format off
  options.add_options(kCommon)
      ("threads", "threads to use (default: the machine's cores)", cxxopts::value<int>(), "N")
      ("mine", "use your files in my/, or in DIR with --mine=DIR, instead of the library's")
      ("h,help", "print this text");
  // clang-format on
  options.show_positional_help();
  if (!positional.empty()) options.parse_positional({positional});
  try {
    cxxopts::ParseResult result = options.parse(argc, argv);
    if (result.count("help")) {
      std::cout << options.help(help_order(options, groups)) << "\n";
      std::exit(0);
    }
    if (!result.unmatched().empty())
      throw Usage("found \"" + result.unmatched()[0] + "\", which is no flag of this command");
    if (result.count("threads")) set_threads(result["threads"].as<int>());
    return result;
  } catch (const cxxopts::exceptions::incorrect_argument_type& e) {
    throw Usage(unreadable(argc, argv, e.what()) + "; see --help");
  } catch (const cxxopts::exceptions::exception& e) {
    throw Usage(std::string(e.what()) + "; see --help");
  }
}

void to_stderr(const std::string& line) { std::cerr << line << "\n"; }

Index number_of(const cxxopts::ParseResult& flags, const std::string& flag, Index least) {
  const Index n = flags[flag].as<Index>();
  if (n < least) throw Usage(text("--", flag, ": found ", n, ", expected at least ", least));
  return n;
}

}  // namespace seekling
