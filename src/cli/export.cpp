// seekling export: a run or checkpoint as a Hugging Face folder of another number type, in one file
// or in shards; or as one GGUF file, for llama.cpp.
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>

#include "cli/command.h"
#include "console/flags.h"
#include "interop/chat_template.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/find_model.h"
#include "interop/gguf_checkpoint.h"
#include "interop/load_model.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

struct NumberType {
  const char* in_file;    // in safetensors and GGUF
  const char* in_config;  // in config.json; none: for GGUF alone
};

NumberType number_type(const std::string& word, bool gguf) {
  static const std::map<std::string, NumberType> types = {{"fp32", {"F32", "float32"}},
                                                          {"bf16", {"BF16", "bfloat16"}},
                                                          {"fp16", {"F16", "float16"}},
                                                          {"int8", {"Q8_0", nullptr}}};
  const auto type = types.find(word);
  if (type == types.end() || (!gguf && !type->second.in_config))
    throw Usage("--dtype: found " + word + ", expected fp32, bf16 or fp16, or int8 with --gguf");
  return type->second;
}

void write_gguf_file(const fs::path& from, const fs::path& out, const Transformer& model,
                     const char* dtype) {
  GgufOptions options{.dtype = dtype, .chat_template = chat_template_in(from).source};
  std::optional<Tokenizer> tokenizer;
  if (fs::exists(from / "tokenizer.json"))
    options.tokenizer = &tokenizer.emplace(read_tokenizer(from.string()));
  else
    std::cerr << "note: " << from.string()
              << " has no tokenizer.json: the file can only be used with token ids\n";
  for (const std::string& note : gguf_notes(model, dtype)) std::cerr << "note: " << note << "\n";
  const fs::path aside = out.string() + ".tmp";
  save_gguf(aside, model, options);
  put_in_place(aside, out);
}

std::string exported_tokenizer(const fs::path& from) {
  const Tokenizer tokenizer = read_tokenizer(from.string());
  if (tokenizer.adds_bos()) return tokenizer_json_with_bos(tokenizer);
  return read_file(from / "tokenizer.json");
}

void write_folder(const fs::path& from, const fs::path& out, const Transformer& model,
                  const NumberType& type, Index shard_mib) {
  const FolderLock lock(out);
  AtomicSave save(out);
  write_file(save.file("config.json"), config_json(model.config, type.in_config));
  save_weights(save.file("config.json").parent_path(), model,
               {.dtype = type.in_file, .largest_shard = std::size_t(shard_mib) << 20});
  for (const char* name :
       {"tokenizer_config.json", "chat_template.jinja", "generation_config.json"})
    if (fs::exists(from / name)) write_file(save.file(name), read_file(from / name));
  if (fs::exists(from / "tokenizer.json"))
    write_file(save.file("tokenizer.json"), exported_tokenizer(from));
  save.commit();
}

}  // namespace

int export_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling export",
                           "Writes a model as a Hugging Face folder, or as a GGUF file.");
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder (default: the latest run)",
       cxxopts::value<std::string>(), "DIR")
      ("out", "the folder or the .gguf file to write", cxxopts::value<std::string>(), "PATH")
      ("gguf", "write one file for llama.cpp instead of a folder")
      ("dtype", "number format of the weights: fp32, bf16 or fp16; with --gguf also int8 (Q8_0)",
       cxxopts::value<std::string>()->default_value("bf16"), "TYPE")
      ("shard-mib", "largest size of a weight file in MiB; 0: one file for all weights",
       cxxopts::value<Index>()->default_value("0"), "N");
  // clang-format on
  options.positional_help("[DIR]");
  const auto flags = parse(options, argc, argv, "model");
  if (!flags.count("out")) throw Usage("export: --out is missing; see --help");
  const bool gguf = flags.count("gguf") > 0;
  const NumberType type = number_type(flags["dtype"].as<std::string>(), gguf);
  const Index shard_mib = number_of(flags, "shard-mib", 0);

  const fs::path from =
      flags.count("model") ? fs::path(flags["model"].as<std::string>()) : latest_run();
  const fs::path out = flags["out"].as<std::string>();

  // The output must not replace anything
  if (gguf)
    check(!fs::exists(out), "--out: ", out.string(), " already exists; choose another file");
  else check(free_for_a_save(out), "--out: ", out.string(), " is not empty; choose another folder");

  // Write the model
  const auto model = load_model(from, to_stderr);
  if (gguf) write_gguf_file(from, out, *model, type.in_file);
  else write_folder(from, out, *model, type, shard_mib);
  std::cerr << "wrote " << out.string() << "\n";
  return 0;
}

}  // namespace seekling
