#include "console/precision.h"

#include "core/check.h"

namespace seekling {

void add_precision(cxxopts::Options& options) {
  // clang-format off
  options.add_options("Precision")
      ("weights", "number format of the weights: fp32, bf16, int8 or int4",
       cxxopts::value<std::string>()->default_value("fp32"), "FORMAT")
      ("cache", "number format of the cache: fp32, bf16, int8 or int4",
       cxxopts::value<std::string>()->default_value("fp32"), "FORMAT")
      ("decode", "contents of MLA's cache: absorbed (latents) or naive (keys and values)",
       cxxopts::value<std::string>()->default_value("absorbed"), "FORM");
  // clang-format on
}

Precision precision_of(const cxxopts::ParseResult& flags) {
  const std::string form = flags["decode"].as<std::string>();
  check(form == "absorbed" || form == "naive", "--decode: found ", form,
        ", expected absorbed or naive");
  return {format_of("--weights", flags["weights"].as<std::string>()),
          format_of("--cache", flags["cache"].as<std::string>()),
          form == "naive" ? Decoding::kNaive : Decoding::kAbsorbed};
}

}  // namespace seekling
