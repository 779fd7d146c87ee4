// seekling score: what a model makes of given token ids, tensor by tensor, under the key names of
// tests/golden/README.md, so that other programs can be compared with it number by number.
#include <iostream>
#include <map>

#include "cli/command.h"
#include "console/device.h"
#include "console/flags.h"
#include "experts/moe.h"
#include "infer/generate.h"
#include "infer/gpu_generator.h"
#include "interop/load_model.h"
#include "interop/safetensors.h"
#include "model/versions.h"
#include "ops/cross_entropy.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

using Ids = std::vector<std::int32_t>;

struct Asked {
  Ids ids;  // [B,T]
  Index B = 0, T = 0;
};

struct Answers {
  NamedTensors tensors;
  std::vector<NamedIntegers> integers;

  void add(const std::string& name, const Tensor& tensor) { tensors.emplace_back(name, tensor); }
  template <class Values>
  void add(const std::string& name, const Shape& shape, const Values& values) {
    integers.push_back({name, shape, {values.begin(), values.end()}});
  }
};

// Labels stand at their ids, as in Hugging Face; logits at t are asked for the label
// at t + 1, and the last of a row for none.
Ids shifted(const Ids& labels, const Asked& q) {
  Ids targets(labels.size(), kIgnored);
  for (Index b = 0; b < q.B; ++b)
    std::copy_n(labels.begin() + b * q.T + 1, q.T - 1, targets.begin() + b * q.T);
  return targets;
}

Batch batch_of(const Ids& labels, const Asked& q, Index depths) {
  return make_batch({.B = q.B, .T = q.T, .ids = q.ids, .targets = shifted(labels, q)}, depths);
}

// The first third of each row is a prompt, which does not count.
Ids masked(const Asked& q) {
  Ids labels = q.ids;
  for (Index b = 0; b < q.B; ++b) std::fill_n(labels.begin() + b * q.T, q.T / 3, kIgnored);
  return labels;
}

// router.i.* and aux.i.* of a MoE layer; the balance losses with coefficient 1.
void add_router(Answers& answers, const std::string& layer, const Routing& r, const Tensor& logits,
                Index B, const Config& c) {
  const std::string router = "router." + layer + ".", aux = "aux." + layer + ".";
  answers.add(router + "logits", logits);
  answers.add(router + "weights", r.g);
  answers.add(router + "indices", r.g.shape(), r.experts.values());
  answers.add(router + "load", {r.load.size()}, r.load.values());
  BalanceOptions none = balance_options(c, make_router(c).affinity);
  none.expert = 0;
  BalanceOptions expert = none, device = none, communication = none;
  expert.expert = device.device = communication.communication = 1;
  answers.add(aux + "expert", balance_loss(r, B, expert));
  if (c.n_group == 1 || none.affinity != Affinity::kSoftmax)
    return;  // only V2 has these, (26)-(31)
  answers.add(aux + "device", balance_loss(r, B, device));
  answers.add(aux + "comm", balance_loss(r, B, communication));
}

using Outputs = std::map<std::string, Tensor>;  // of layers, by the names that an Observer sees

void add_layers(Answers& answers, const Outputs& outputs, const Losses& losses,
                const Config& config) {
  const Tensor& embedded = outputs.at("model.embed_tokens");
  answers.add("hidden.embed", embedded);
  std::size_t m = 0;  // of MoE layers
  for (Index i = 0; i < config.num_hidden_layers; ++i) {
    const std::string layer = std::to_string(i), name = "model.layers." + layer;
    answers.add("attn_out." + layer, outputs.at(name + ".self_attn"));
    answers.add("mlp_out." + layer, outputs.at(name + ".mlp"));
    answers.add("hidden.layer." + layer, outputs.at(name));
    const auto gate = outputs.find(name + ".mlp.gate");
    if (gate != outputs.end())
      add_router(answers, layer, losses.routings[m++], gate->second, embedded.dim(0), config);
  }
  answers.add("hidden.final_norm", outputs.at("model.norm"));
}

void add_forward(Answers& answers, const Transformer& model, const Asked& q) {
  Outputs outputs;
  Context context;
  context.observer = [&](const std::string& name, const Tensor& x) {
    const bool inside_attention = name.ends_with(".self_attn.q") || name.ends_with(".self_attn.k");
    if (!inside_attention) outputs[name] = x;
  };
  Losses losses;
  const Tensor h = model.hidden(q.ids, q.B, q.T, context, losses);
  const auto loss = [&](const Ids& labels) {
    return head_cross_entropy(h, model.lm_head, shifted(labels, q));
  };
  answers.add("input_ids", {q.B, q.T}, q.ids);
  answers.add("logits", model.logits(h));
  answers.add("loss", loss(q.ids));
  answers.add("labels_masked", {q.B, q.T}, masked(q));
  answers.add("loss_masked", loss(masked(q)));
  add_layers(answers, outputs, losses, model.config);

  Losses further;
  const Batch batch = batch_of(q.ids, q, Index(model.mtp.size()));
  const std::vector<Tensor> depths = model.hidden_further(q.ids, q.B, q.T, h, {}, further);
  for (std::size_t d = 0; d < depths.size(); ++d) {
    const std::string mtp = "mtp." + std::to_string(d) + ".";
    answers.add(mtp + "hidden", depths[d]);
    answers.add(mtp + "logits", model.logits(depths[d]));
    answers.add(mtp + "loss",
                head_cross_entropy(depths[d], model.lm_head, batch.targets[d + 1].ids));
  }
}

// 16 tokens that follow the first five of the first row, each the likeliest, from the latent cache.
void add_greedy(Answers& answers, const Transformer& model, const Asked& q) {
  constexpr Index kPrompt = 5, kMore = 16;
  if (q.T < kPrompt || model.config.max_position_embeddings < kPrompt + kMore) return;
  const Ids prompt(q.ids.begin(), q.ids.begin() + kPrompt);
  const auto more = [&](auto&& generator) {
    generator.read(prompt);
    return generator.generate(kMore, {}, /*eos=*/-1);
  };
  answers.add("gen.prompt", {kPrompt}, prompt);
  if (model.device() == Device::kCuda)
    answers.add("gen.ids", {kMore}, more(GpuGenerator(model, kPrompt + kMore)));
  else answers.add("gen.ids", {kMore}, more(Generator(Decoder(model), kPrompt + kMore)));
}

// Of `loss` alone: no balance loss, no multi-token prediction, whose modules and the
// correction biases get none.
void add_gradients(Answers& answers, const Transformer& model, const Asked& q) {
  Tape tape;
  Losses others;
  tape.backward(model.loss(batch_of(q.ids, q, 0), {}, others));
  const std::string behind = "model.layers." + std::to_string(model.layers.size());
  bool main = true;  // the walk has the modules behind all other parameters
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    main = main && !name.starts_with(behind + ".");
    if (main && !is_correction_bias(name)) answers.add("grad." + name, p.grad());
  });
}

Asked read_ids(const std::string& path, Index vocab_size) {
  const SafetensorsFile file(path);
  const auto found = file.entries().find("input_ids");
  check(found != file.entries().end() && found->second.shape.count() == 2 &&
            found->second.shape.size() > 0,
        path, ": expected a tensor input_ids of shape [B, T]");
  Asked q{{}, found->second.shape[0], found->second.shape[1]};
  for (const std::int64_t id : file.integers("input_ids")) {
    check(id >= 0 && id < vocab_size, path, ": input_ids holds ", id, ", expected ids from 0 to ",
          vocab_size - 1);
    q.ids.push_back(std::int32_t(id));
  }
  return q;
}

}  // namespace

int score_command(int argc, char** argv) {
  cxxopts::Options options("seekling score",
                           "Writes logits, loss, hidden states, router choices and gradients.");
  // clang-format off
  options.add_options()
      ("model", "a run or checkpoint folder", cxxopts::value<std::string>(), "DIR")
      ("ids", "a safetensors file with input_ids [B,T]", cxxopts::value<std::string>(), "FILE")
      ("out", "the safetensors file to write", cxxopts::value<std::string>(), "FILE")
      ("grad", "write the gradients of the loss, too");
  // clang-format on
  add_device(options);
  const auto flags = parse(options, argc, argv);
  const Device device = device_of(flags);
  for (const char* needed : {"model", "ids", "out"})
    if (!flags.count(needed)) throw Usage(text("score: --", needed, " is missing; see --help"));

  const auto model = load_model(flags["model"].as<std::string>(), to_stderr);
  const Asked q = read_ids(flags["ids"].as<std::string>(), model->config.vocab_size);
  model->move_to(device);
  Answers answers;
  add_forward(answers, *model, q);
  add_greedy(answers, *model, q);
  if (flags.count("grad")) add_gradients(answers, *model, q);
  const std::filesystem::path out = flags["out"].as<std::string>(), aside = out.string() + ".tmp";
  write_safetensors(aside, answers.tensors, answers.integers);
  std::filesystem::rename(aside, out);
  std::cerr << "wrote " << answers.tensors.size() + answers.integers.size() << " tensors to "
            << out.string() << "\n";
  return 0;
}

}  // namespace seekling
