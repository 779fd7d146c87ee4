// trainer_state.json: any text is refused in a sentence, or gives a state that is written and read
// back the same.
#include "fuzz/fuzz.h"
#include "train/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  TrainerState state;
  if (!accepted([&] { state = parse_trainer_state(as_text(data, size), "fuzz"); })) return 0;
  const std::string written = trainer_state_json(state);
  if (trainer_state_json(parse_trainer_state(written, "written")) != written)
    fault("a state is not read back as it was written");
  accepted([&] { check_settings(state.settings); });
  return 0;
}
