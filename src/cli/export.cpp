// seekling export: a run or checkpoint as a Hugging Face folder of another number type, in one file or in shards.
#include <filesystem>
#include <iostream>
#include <map>

#include "cli/command.h"
#include "cli/places.h"
#include "interop/atomic_save.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/file.h"

namespace seekling {

namespace fs = std::filesystem;

int export_command(int argc, char** argv) {
  cxxopts::Options options("seekling export", "Writes a model as a Hugging Face folder.");
  options.add_options()("model", "a run or checkpoint folder (the latest run)", cxxopts::value<std::string>(), "DIR")(
      "out", "the folder to make", cxxopts::value<std::string>(), "DIR")(
      "dtype", "fp32, bf16 or fp16", cxxopts::value<std::string>()->default_value("bf16"), "TYPE")(
      "shard-mib", "the largest file, in MiB; 0: one file", cxxopts::value<Index>()->default_value("0"), "N");
  const auto flags = parse(options, argc, argv, "model");
  if (!flags.count("out")) throw Usage("export: --out is missing; see --help");
  static const std::map<std::string, std::pair<const char*, const char*>> types = {
      {"fp32", {"F32", "float32"}}, {"bf16", {"BF16", "bfloat16"}}, {"fp16", {"F16", "float16"}}};
  const auto type = types.find(flags["dtype"].as<std::string>());
  if (type == types.end())
    throw Usage("--dtype: found " + flags["dtype"].as<std::string>() + ", expected fp32, bf16 or fp16");
  const Index mib = flags["shard-mib"].as<Index>();
  if (mib < 0) throw Usage(text("--shard-mib: found ", mib, ", expected at least 0"));

  const fs::path from = flags.count("model") ? fs::path(flags["model"].as<std::string>()) : latest_run();
  const fs::path out = flags["out"].as<std::string>();
  check(!fs::exists(out) || fs::is_empty(out), "--out: ", out.string(),
        " holds something already; name another folder");
  const auto model = load_model(from);
  AtomicSave save(out);
  write_file(save.file("config.json"), config_json(model->config, type->second.second));
  save_weights(save.file("config.json").parent_path(), *model,
               {.dtype = type->second.first, .largest_shard = std::size_t(mib) << 20});
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    if (fs::exists(from / name)) write_file(save.file(name), read_file(from / name));
  save.commit();
  std::cerr << "wrote " << out.string() << "\n";
  return 0;
}

}  // namespace seekling
