// seekling params: how large a model is, and what its cache would be with other kinds of attention.
#include <cstdio>

#include "cli/command.h"
#include "console/flags.h"
#include "interop/find_model.h"
#include "model/size.h"
#include "model/transformer.h"

namespace seekling {

int params_command(int argc, char** argv) {
  // Flags
  cxxopts::Options options("seekling params", "Parameters, FLOPs and cache bytes of a model.");
  // clang-format off
  options.add_options()
      ("model", "a preset, a config.json or a folder with one",
       cxxopts::value<std::string>()->default_value("nano"), "MODEL")
      ("ctx", "context length for which the FLOPs are computed",
       cxxopts::value<Index>()->default_value("2048"), "N");
  // clang-format on
  options.positional_help("[MODEL]");
  const auto flags = parse(options, argc, argv, "model");
  const Config c = find_config(flags["model"].as<std::string>());
  const Index context = number_of(flags, "ctx", 0);

  // Parameters
  const Size size = size_of(c);
  const long input = long(c.vocab_size * c.hidden_size);
  std::printf("parameters                    %20ld\n", long(size.total));
  std::printf("activated a token             %20ld   (%ld without the input embedding)\n",
              long(size.activated), long(size.activated) - (c.tie_word_embeddings ? 0 : input));
  if (c.num_nextn_predict_layers > 0) {
    const Size mtp = mtp_size_of(c);
    std::printf("multi-token prediction        %20ld   more; activated %ld with both tables\n",
                long(mtp.total), long(mtp.activated));
  }

  // FLOPs; a training step costs three forward passes
  const double forward = forward_flops(c, double(context)), further = mtp_flops(c, double(context));
  std::printf("forward FLOPs a token         %20.0f   at a context of %ld\n", forward,
              long(context));
  std::printf("training FLOPs a token        %20.0f\n", 3 * forward);
  if (further > 0) std::printf("  with multi-token prediction %20.0f\n", 3 * (forward + further));

  // The cache, compared with the other kinds of attention
  std::printf("\n");
  std::printf("cache a token, all layers           values     bytes in fp32     bytes in bf16\n");
  const auto row = [](const std::string& name, Index n) {
    std::printf("  %-28s %12ld  %16ld  %16ld\n", name.c_str(), long(n), long(4 * n), long(2 * n));
  };
  row("this model, " + Transformer(c).layers[0]->attention().name(), cache_elements(c));
  row("MHA, every head", cache_elements_of_heads(c, c.num_attention_heads));
  if (c.num_attention_heads % 8 == 0) row("GQA, 8 key heads", cache_elements_of_heads(c, 8));
  row("MQA, one key head", cache_elements_of_heads(c, 1));
  return 0;
}

}  // namespace seekling
