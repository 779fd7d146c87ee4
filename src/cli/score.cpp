// seekling score: what a model makes of given token ids, tensor by tensor, under the key names of tests/golden/README.md,
// so that other programs can be compared with it number by number.
#include "ops/cross_entropy.h"

#include <iostream>

#include "cli/command.h"
#include "cli/places.h"
#include "interop/atomic_save.h"
#include "interop/safetensors.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

struct Answers {
  NamedTensors tensors;
  std::vector<NamedIntegers> integers;
};

// logits at t predict the id at t + 1; the last position of a row has no target
std::vector<std::int32_t> shifted(const std::vector<std::int32_t>& ids, Index B, Index T) {
  std::vector<std::int32_t> targets(ids.size(), kIgnored);
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t + 1 < T; ++t) targets[std::size_t(b * T + t)] = ids[std::size_t(b * T + t + 1)];
  return targets;
}

void add_layers(Answers& answers, const Pass& pass, const Config& config) {
  answers.tensors.emplace_back("hidden.embed", pass.embedded);
  std::size_t m = 0;  // of MoE layers
  for (std::size_t i = 0; i < pass.residual.size(); ++i) {
    const std::string layer = std::to_string(i);
    answers.tensors.emplace_back("attn_out." + layer, pass.attn_out[i]);
    answers.tensors.emplace_back("mlp_out." + layer, pass.mlp_out[i]);
    answers.tensors.emplace_back("hidden.layer." + layer, pass.residual[i]);
    if (!config.is_moe(Index(i))) continue;
    const Routing& r = pass.routings[m];
    const std::string router = "router." + layer + ".";
    answers.tensors.emplace_back(router + "logits", pass.router_logits[m]);
    answers.tensors.emplace_back(router + "weights", r.g);
    answers.integers.push_back({router + "indices", r.g.shape(), {r.experts.begin(), r.experts.end()}});
    answers.integers.push_back({router + "load", {Index(r.load.size())}, {r.load.begin(), r.load.end()}});
    const Index B = pass.embedded.dim(0);
    answers.tensors.emplace_back("aux." + layer + ".expert", balance_loss(r, B, 1, config.scoring_func == "sigmoid"));
    ++m;
  }
  answers.tensors.emplace_back("hidden.final_norm", pass.final_norm);
}

}  // namespace

int score_command(int argc, char** argv) {
  cxxopts::Options options("seekling score", "Writes logits, loss, hidden states, router choices and gradients.");
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder", cxxopts::value<std::string>(), "DIR")
      ("ids", "a safetensors file with input_ids [B,T]", cxxopts::value<std::string>(), "FILE")
      ("out", "the safetensors file to write", cxxopts::value<std::string>(), "FILE")
      ("grad", "gradients of the loss too");
  // clang-format on
  const auto flags = parse(options, argc, argv);
  for (const char* needed : {"model", "ids", "out"})
    if (!flags.count(needed)) throw Usage(text("score: --", needed, " is missing; see --help"));

  const auto model = load_model(flags["model"].as<std::string>());
  const std::string ids_path = flags["ids"].as<std::string>();
  const SafetensorsFile file(ids_path);
  const auto found = file.entries().find("input_ids");
  check(found != file.entries().end() && found->second.shape.count() == 2 && found->second.shape.size() > 0, ids_path,
        ": expected a tensor input_ids of shape [B, T]");
  const Index B = found->second.shape[0], T = found->second.shape[1];
  std::vector<std::int32_t> ids;
  for (const std::int64_t id : file.integers("input_ids")) {
    check(id >= 0 && id < model->config.vocab_size, ids_path, ": input_ids holds ", id, ", expected ids from 0 to ",
          model->config.vocab_size - 1);
    ids.push_back(std::int32_t(id));
  }

  Answers answers;
  Pass pass;
  pass.keep_hidden = true;
  const Tensor h = model->hidden(ids, B, T, pass);
  answers.tensors.emplace_back("logits", model->logits(h));
  answers.tensors.emplace_back("loss", head_cross_entropy(h, model->lm_head, shifted(ids, B, T)));
  add_layers(answers, pass, model->config);
  if (flags.count("grad")) {
    Tape tape;
    Pass again;
    tape.backward(model->loss(ids, shifted(ids, B, T), B, T, again));
    model->for_each_parameter([&](const std::string& name, const Tensor& p) {
      if (!name.ends_with("e_score_correction_bias")) answers.tensors.emplace_back("grad." + name, p.grad());
    });
  }
  const std::filesystem::path out = flags["out"].as<std::string>(), aside = out.string() + ".tmp";
  answers.integers.push_back({"input_ids", {B, T}, {ids.begin(), ids.end()}});
  write_safetensors(aside, answers.tensors, answers.integers);
  std::filesystem::rename(aside, out);
  std::cerr << "wrote " << answers.tensors.size() + answers.integers.size() << " tensors to " << out.string() << "\n";
  return 0;
}

}  // namespace seekling
