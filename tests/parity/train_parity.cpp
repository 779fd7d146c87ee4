// For test_transformers.py: trains a checkpoint on given batches, so that PyTorch
// can do the same beside it.
//   train_parity MODEL_DIR BATCHES.safetensors SETTINGS.json OUT_DIR
// BATCHES has input_ids [steps,B,T]; targets are the ids shifted by one, the last of a row ignored.
// SETTINGS has those of trainer_state.json that are not the defaults. OUT_DIR becomes a run;
// its metrics.jsonl has the losses.
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "system/file.h"
#include "train/trainer.h"

using namespace seekling;

static TrainerState with_settings(const std::string& path) {
  nlohmann::json state = nlohmann::json::parse(trainer_state_json({}));
  const nlohmann::json settings = parse_json(read_file(path), path);
  for (const auto& [name, value] : settings.items()) {
    check(state["settings"].contains(name), path, ": ", name, " is no setting of training");
    state["settings"][name] = value;
  }
  state.erase("checksum");  // of the settings before these
  return parse_trainer_state(state.dump(), path);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const Transformer model(read_config(words[0]));
    load_weights(words[0], model);
    const SafetensorsFile file(words[1]);
    const Shape shape = file.entries().at("input_ids").shape;
    const std::vector<std::int64_t> ids = file.integers("input_ids");
    const Index steps = shape[0], B = shape[1], T = shape[2];
    const BatchSource batches = [&](Index i) {
      Rows rows{.B = B, .T = T};
      const Index first = i % steps * B * T;  // a save tries the batch after the last
      for (Index at = first; at < first + B * T; ++at) {
        rows.ids.push_back(std::int32_t(ids[std::size_t(at)]));
        rows.targets.push_back((at + 1) % T == 0 ? kIgnored
                                                 : std::int32_t(ids[std::size_t(at + 1)]));
      }
      return make_batch(std::move(rows), /*depths=*/Index(model.mtp.size()));
    };
    Trainer(model, with_settings(words[2]), batches, {}, RunFolder(words[3], "{}", "{}")).run();
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 1;
  }
}
