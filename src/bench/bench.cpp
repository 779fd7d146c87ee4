#include "bench/bench.h"

#include <cstdio>

namespace seekling {

void print_field(const std::string& key, const Json& value) {
  if (value.is_number_float()) std::printf("%-20s %14.3f\n", key.c_str(), value.get<double>());
  else
    std::printf("%-20s %14s\n", key.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
}

}  // namespace seekling
