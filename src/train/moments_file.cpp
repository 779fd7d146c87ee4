// Saving and loading moments; separate from moments.cpp, which needs no files.
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/half.h"
#include "interop/safetensors.h"
#include "optim/moments.h"

namespace seekling {

// v is a mean of squares.
static bool is_sound(double number, bool square) {
  return std::isfinite(number) && (!square || number >= 0);
}

std::string first_unsound(const std::vector<Moment>& moments) {
  for (const Moment& m : moments) {
    const bool square = m.name.ends_with(".v");
    const auto sound = [&](const auto* numbers, auto&& convert) {
      return std::all_of(numbers, numbers + m.shape.size(),
                         [&](auto x) { return is_sound(double(convert(x)), square); });
    };
    const Tensor fp32 = m.bf16 ? Tensor() : m.fp32.to(Device::kCpu);
    const bool all =
        m.bf16 ? sound(m.bf16.get(), from_bf16) : sound(fp32.data(), [](real x) { return x; });
    if (!all) return m.name;
  }
  return "";
}

static void check_sound(const std::filesystem::path& file, const std::vector<Moment>& moments) {
  const std::string unsound = first_unsound(moments);
  check(unsound.empty(), file.string(), ": tensor ", unsound,
        " has a value that is not finite, or a negative mean of squares; the file is "
        "damaged, or its training failed");
}

void save_moments(const std::filesystem::path& file, const std::vector<Moment>& moments) {
  check_sound(file, moments);
  NamedTensors fp32;
  std::vector<NamedBf16> bf16;
  for (const Moment& m : moments) {
    if (m.bf16) bf16.push_back({m.name, m.shape, m.bf16.get()});
    else fp32.emplace_back(m.name, m.fp32);
  }
  write_safetensors(file, fp32, {}, {{"format", "pt"}}, {}, bf16);
}

void load_moments(const std::filesystem::path& path, const std::vector<Moment>& moments) {
  const SafetensorsFile file(path);
  for (const Moment& m : moments) {
    if (m.bf16) file.read({m.name, m.shape, m.bf16.get()});
    else file.read(m.name, m.fp32);
  }
  check_sound(path, moments);
}

}  // namespace seekling
