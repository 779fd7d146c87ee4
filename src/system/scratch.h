// A temporary folder, removed by the destructor.
#pragma once

#include <cstdlib>
#include <filesystem>

#include "core/check.h"

namespace seekling {

struct Scratch {
  std::filesystem::path path;
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "seekling.XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, name, ": cannot be created; is the disk full?");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

}  // namespace seekling
