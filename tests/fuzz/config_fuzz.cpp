// config.json: any text is refused in a sentence, or gives a config that is written and read back
// the same, whose size can be counted.
#include "fuzz/fuzz.h"
#include "interop/config_json.h"
#include "model/size.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  Config config;
  if (!accepted([&] { config = config_from_json(as_text(data, size), "fuzz"); })) return 0;
  const std::string written = config_json(config);
  if (config_json(config_from_json(written, "written")) != written)
    fault("a config is not read back as it was written");
  if (size_of(config).total < 0 || mtp_size_of(config).total < 0) fault("a size has overflowed");
  if (cache_elements(config) < 0 || !(forward_flops(config, 1) >= 0))
    fault("a size has overflowed");
  return 0;
}
