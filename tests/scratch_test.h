// A test with a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

class ScratchTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& contents) const {
    std::filesystem::create_directories((dir / name).parent_path());
    write_file(dir / name, contents);
    return dir / name;
  }

  // `sentence` without the name of the folder.
  std::string without_dir(std::string sentence) const {
    for (std::size_t at; (at = sentence.find(dir.string() + "/")) != sentence.npos;)
      sentence.erase(at, dir.string().size() + 1);
    return sentence;
  }

  const Scratch scratch;
  const std::filesystem::path dir = scratch.path;
};

}  // namespace seekling
