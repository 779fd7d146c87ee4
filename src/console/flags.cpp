#include "console/flags.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <typeinfo>

#include "core/parallel.h"

namespace seekling {

namespace {

constexpr const char* kCommon = "Common";

// The names that other programs have for our flags.
const std::map<std::string, std::string> kOtherNames = {
    {"max-new-tokens", "max-tokens"}, {"n-predict", "max-tokens"},
    {"temp", "temperature"},          {"learning-rate", "lr"},
    {"max-steps", "steps"},           {"repeat-penalty", "repetition-penalty"}};

bool has_flag(const cxxopts::Options& options, const std::string& name) {
  for (const std::string& group : options.groups())
    for (const auto& flag : options.group_help(group).options)
      if (std::ranges::find(flag.l, name) != flag.l.end()) return true;
  return false;
}

// A word of the command line with the flag's own name: --max_new_tokens=5 becomes --max-tokens=5.
std::string own_name(const cxxopts::Options& options, const std::string& word) {
  if (!word.starts_with("--")) return word;
  const std::size_t end = std::min(word.find('='), word.size());
  std::string name = word.substr(2, end - 2);
  if (has_flag(options, name)) return word;
  std::ranges::replace(name, '_', '-');
  if (const auto other = kOtherNames.find(name);
      !has_flag(options, name) && other != kOtherNames.end())
    name = other->second;
  return has_flag(options, name) ? "--" + name + word.substr(end) : word;
}

Usage not_a_number(const std::string& flag, const std::string& value) {
  return Usage(flag + (flag.empty() ? "found " : ": found ") + value +
               ", expected a number in range; see --help");
}

// cxxopts names the value that it cannot read, but not the flag that it was given to: the flag is
// found by parsing ever more of the words.
Usage unreadable(cxxopts::Options& options, const std::vector<const char*>& words) {
  std::string flag;
  for (std::size_t n = 2; n <= words.size(); ++n) {
    const std::string word = words[n - 1];
    const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
    try {
      options.parse(int(n), words.data());
      flag = "";
    } catch (const cxxopts::exceptions::missing_argument&) {
      flag = word;
    } catch (const cxxopts::exceptions::incorrect_argument_type&) {
      return equals != word.npos ? not_a_number(word.substr(0, equals), word.substr(equals + 1))
                                 : not_a_number(flag, word);
    }
  }
  return Usage("a value cannot be read; see --help");
}

template <class T>
bool holds(const cxxopts::OptionValue& value) {
  try {
    static_cast<void>(value.as<T>());
    return true;
  } catch (const std::bad_cast&) {
    return false;
  }
}

bool is_number(std::string_view word) {
  if (word.starts_with("+")) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() && std::isfinite(value);
}

bool are_numbers(std::string_view list) {
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (!is_number(list.substr(0, comma))) return false;
    if (comma == list.size()) return true;
    list.remove_prefix(comma + 1);
  }
}

// cxxopts reads whole numbers to their end, but of any other only the beginning: 0 of 0,001.
void check_numbers(const cxxopts::ParseResult& flags) {
  for (const auto& given : flags.arguments()) {
    const cxxopts::OptionValue& value = flags[given.key()];
    if ((holds<double>(value) && !is_number(given.value())) ||
        (holds<std::vector<double>>(value) && !are_numbers(given.value())))
      throw not_a_number("--" + given.key(), given.value());
  }
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

int int_of(Index threads) {  // --threads 2147483648 is a whole number all the same
  if (threads != int(threads))
    throw Usage(text("--threads: found ", threads, ", expected ",
                     threads < 1 ? "at least 1" : "at most 1024"));
  return int(threads);
}

}  // namespace

cxxopts::ParseResult parse(cxxopts::Options& options, int argc, char** argv,
                           const std::string& positional, const std::vector<std::string>& groups) {
  // clang-format off
  options.add_options(kCommon)
      ("threads", "threads to use (default: the machine's cores)", cxxopts::value<Index>(), "N")
      ("mine", "use your files in my/, or in DIR with --mine=DIR, instead of the library's")
      ("h,help", "print this text");
  // clang-format on
  options.show_positional_help();
  if (!positional.empty()) options.parse_positional({positional});
  // The words, each flag under its own name
  std::vector<std::string> words(argv, argv + argc);
  std::vector<const char*> pointers;
  for (std::string& word : words) {
    word = own_name(options, word);
    pointers.push_back(word.c_str());
  }

  // Their meaning
  try {
    cxxopts::ParseResult result = options.parse(argc, pointers.data());
    if (result.count("help")) {
      std::cout << options.help(help_order(options, groups)) << "\n";
      std::exit(0);
    }
    if (!result.unmatched().empty())
      throw Usage("found \"" + result.unmatched()[0] + "\", which is not a flag of this command");
    check_numbers(result);
    if (result.count("threads")) set_threads(int_of(result["threads"].as<Index>()));
    return result;
  } catch (const cxxopts::exceptions::incorrect_argument_type&) {
    throw unreadable(options, pointers);
  } catch (const cxxopts::exceptions::exception& e) {
    throw Usage(std::string(e.what()) + "; see --help");
  }
}

std::vector<std::string> all_of(const cxxopts::ParseResult& flags, const std::string& flag) {
  std::vector<std::string> values;
  for (const auto& given : flags.arguments())
    if (given.key() == flag) values.push_back(given.value());
  return values;
}

void to_stderr(const std::string& line) { std::cerr << line << "\n"; }

Index number_of(const cxxopts::ParseResult& flags, const std::string& flag, Index least) {
  const Index n = flags[flag].as<Index>();
  if (n < least) throw Usage(text("--", flag, ": found ", n, ", expected at least ", least));
  return n;
}

}  // namespace seekling
