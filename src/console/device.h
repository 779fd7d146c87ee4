// The flag --device of every command that computes, and --dtype beside it.
#pragma once

#include <cxxopts.hpp>
#include <string>

#include "tensor/device.h"

namespace seekling {

void add_device(cxxopts::Options& options);
Device device_of(const cxxopts::ParseResult& flags);  // Error, with the reason, without a GPU
void check_dtype(const std::string& dtype, Device device);

}  // namespace seekling
