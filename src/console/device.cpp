#include "console/device.h"

#include "console/flags.h"

namespace seekling {

void add_device(cxxopts::Options& options) {
  options.add_options()("device", "where to compute: cpu or cuda",
                        cxxopts::value<std::string>()->default_value("cpu"), "KIND");
}

Device device_of(const cxxopts::ParseResult& flags) {
  const std::string device = flags["device"].as<std::string>();
  if (device == "cpu") return Device::kCpu;
  if (device != "cuda") throw Usage("--device: found " + device + ", expected cpu or cuda");
  check(built_for_gpus(),
        "--device cuda: this build of Seekling has no CUDA; where nvcc is installed, make one with "
        "cmake "
        "--preset cuda && cmake "
        "--build build/cuda, and run build/cuda/src/cli/seekling; or leave --device out to use the "
        "CPU");
  check(has_gpu(),
        "--device cuda: CUDA finds no GPU on this machine (nvidia-smi may say why); leave --device "
        "out to use the CPU");
  return Device::kCuda;
}

void check_dtype(const std::string& dtype, Device device) {
  check(dtype != "tf32" || device == Device::kCuda,
        "--dtype tf32: only GPUs support it; add --device cuda, or use fp32 or bf16");
}

}  // namespace seekling
