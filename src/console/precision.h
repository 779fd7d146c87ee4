// The flags --weights, --cache and --decode of every command that runs a model.
#pragma once

#include <cxxopts.hpp>

#include "infer/decoder.h"

namespace seekling {

void add_precision(cxxopts::Options& options);
Precision precision_of(const cxxopts::ParseResult& flags);  // Error for an unknown name

}  // namespace seekling
