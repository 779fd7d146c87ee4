// seekling import: a GGUF file of the architecture deepseek2, as llama.cpp has it, made
// a Hugging Face folder in fp32.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "console/flags.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/generation_config.h"
#include "interop/gguf_checkpoint.h"
#include "interop/gguf_config.h"
#include "interop/gguf_tokenizer.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace fs = std::filesystem;

static std::string tokenizer_config(const Tokenizer& tokenizer, const GgufFile& file,
                                    const Config& config) {
  auto j = nlohmann::ordered_json::parse(
      tokenizer_config_json(tokenizer, config.max_position_embeddings, chat_template_of(file)));
  j["add_bos_token"] = tokenizer.parts().add_bos;
  return j.dump(2) + "\n";
}

static std::string tokenizer_json_of(const Tokenizer& tokenizer) {
  return tokenizer.adds_bos() ? tokenizer_json_with_bos(tokenizer) : tokenizer_json(tokenizer);
}

int import_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling import", "Converts a GGUF file to a Hugging Face folder.");
  // clang-format off
  options.add_options()
      ("model", "the GGUF file to read", cxxopts::value<std::string>(), "FILE.gguf")
      ("out", "the folder to write", cxxopts::value<std::string>(), "DIR");
  // clang-format on
  options.positional_help("FILE.gguf");
  const auto flags = parse(options, argc, argv, "model");
  for (const char* needed : {"model", "out"})
    if (!flags.count(needed)) throw Usage(text("import: --", needed, " is missing; see --help"));
  const fs::path out = flags["out"].as<std::string>();
  check(free_for_a_save(out), "--out: ", out.string(), " is not empty; choose another folder");

  // Read the model and its tokenizer
  const GgufFile file(flags["model"].as<std::string>());
  const Config config = gguf_config(file);
  for (const std::string& note : gguf_config_notes(file)) std::cerr << "note: " << note << "\n";
  const auto tokenizer = tokenizer_of(file);
  const Transformer model(config);
  load_gguf(file, model);

  // Save them together
  const FolderLock lock(out);
  AtomicSave save(out);
  write_file(save.file("config.json"), config_json(config));
  save_weights(save.file("config.json").parent_path(), model);
  if (tokenizer) {
    write_file(save.file("generation_config.json"), generation_config_json(config));
    write_file(save.file("tokenizer.json"), tokenizer_json_of(*tokenizer));
    write_file(save.file("tokenizer_config.json"), tokenizer_config(*tokenizer, file, config));
  }
  save.commit();
  std::cerr << "wrote " << out.string() << "\n";
  return 0;
}

}  // namespace seekling
