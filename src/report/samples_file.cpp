#include "report/samples_file.h"

#include <cstdlib>
#include <sstream>
#include <string_view>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

static constexpr std::string_view kHeading = "## Step ";

void append_samples(const std::filesystem::path& file, Index step, const std::string& samples) {
  AppendFile(file).append(text(kHeading, step, "\n\n", samples));
}

void forget_samples_after(const std::filesystem::path& file, Index last_step) {
  if (!std::filesystem::exists(file)) return;
  std::istringstream all(read_file(file));
  std::string kept;
  Index step = 0;
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with(kHeading))
      step = std::strtoll(line.c_str() + kHeading.size(), nullptr, 10);
    if (step <= last_step) kept += line + "\n";
  }
  replace_file(file, kept);
}

}  // namespace seekling
