// The reader of GGUF: any bytes are refused in a sentence, or every tensor in them can be read;
// and if they are a small model, it loads, and its tokenizer gives a text's bytes back.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.h"
#include "interop/gguf_checkpoint.h"
#include "interop/gguf_config.h"
#include "interop/gguf_tokenizer.h"
#include "model/size.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

void read_every_tensor(const GgufFile& file) {
  for (const auto& [name, entry] : file.tensors())
    for (Index row = 0; row < entry.shape.size() / entry.shape.back(); ++row)
      file.read_rows(name, row, Tensor({1, entry.shape.back()}));
}

void read_tokenizer_of(const GgufFile& file) {
  const auto tokenizer = tokenizer_of(file);
  chat_template_of(file);
  if (!tokenizer) return;
  const std::string sentence = "The village, 1234 people.\r\n\t\u4e00\u3042 \xff";
  if (tokenizer->decode_bytes(tokenizer->encode(sentence, /*specials=*/false)) != sentence)
    fault("ids do not give their text back");
  tokenizer_json(*tokenizer);
}

void load_model_of(const GgufFile& file) {
  const Config config = gguf_config(file);
  gguf_config_notes(file);
  if (size_of(config).total < 100'000) load_gguf(file, Transformer(config));
}

}  // namespace

}  // namespace seekling

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  static const auto path = std::filesystem::temp_directory_path() /
                           text("seekling_fuzz_", std::uint64_t(::getpid()), ".gguf");
  std::ofstream(path, std::ios::binary) << as_text(data, size) << std::flush;
  accepted([] {
    const GgufFile file(path);
    accepted([&] { read_every_tensor(file); });
    accepted([&] { read_tokenizer_of(file); });
    accepted([&] { load_model_of(file); });
  });
  std::filesystem::remove(path);
  return 0;
}
