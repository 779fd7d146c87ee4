// seekling score: what a model makes of given token ids, tensor by tensor, under the key names of
// tests/golden/README.md, so that other programs can be compared with it number by number.
#include <bit>
#include <cmath>
#include <iostream>
#include <map>
#include <optional>

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
#include "sparse/fp8_index.h"
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

// indexer.i.* of a layer with sparse attention; the weights with their constant.
void add_indexer(Answers& answers, const std::string& layer, const Outputs& outputs) {
  const std::string at = "model.layers." + layer + ".self_attn.indexer.", to = "indexer." + layer;
  if (!outputs.contains(at + "q")) return;
  const Tensor &q = outputs.at(at + "q"), &k = outputs.at(at + "k"), &w = outputs.at(at + "w");
  const Tensor weights = w.clone(), &best = outputs.at(at + "topk");
  weights.view().matrix() /= std::sqrt(real(q.dim(2) * q.cols()));
  answers.add(to + ".q", q);
  answers.add(to + ".k", k.reshape({k.dim(0), k.dim(1), k.cols()}));
  answers.add(to + ".weights", weights);
  answers.add(to + ".scores", outputs.at(at + "scores"));
  answers.add(to + ".topk", best.shape(), std::span(best.data(), size_t(best.size())));
  if (q.cols() > 128 || !std::has_single_bit(std::uint64_t(q.cols()))) return;
  const Fp8Vectors q8 = rotated_fp8(q), k8 = rotated_fp8(k.reshape({k.dim(0), k.dim(1), k.cols()}));
  const std::string fp8 = "fp8idx." + layer;
  answers.add(fp8 + ".q", q.shape(), q8.codes);
  answers.add(fp8 + ".k", {k.dim(0), k.dim(1), k.cols()}, k8.codes);
  answers.add(fp8 + ".q_scale", q8.scale);
  answers.add(fp8 + ".k_scale", k8.scale);
  answers.add(fp8 + ".scores", fp8_index_scores(q8, k8, weights, 1));
}

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
    add_indexer(answers, layer, outputs);
    const auto gate = outputs.find(name + ".mlp.gate");
    if (gate != outputs.end())
      add_router(answers, layer, losses.routings[m++], gate->second, embedded.dim(0), config);
  }
  answers.add("hidden.final_norm", outputs.at("model.norm"));
}

// kl.STAGE.*: the indexers' losses in one of their two stages, and with `gradients` what they are
// trained by; in the dense stage also dense.*, the model whose attention sees all keys.
void add_stage(Answers& answers, const Transformer& model, const Asked& q, bool dense,
               bool gradients) {
  const std::string stage = dense ? "kl.dense." : "kl.sparse.";
  Outputs outputs;
  const Tensor sum = Tensor::zeros({1});
  Context context;
  context.dense_stage = dense;
  context.observer = [&](const std::string& name, const Tensor& x) { outputs[name] = x; };
  context.indexer_loss = [&](const Tensor& loss) {
    *sum.data() += loss.item();
    if (gradients) loss.grad().set_item(1);
  };
  std::optional<Tape> tape;
  if (gradients) tape.emplace();
  Losses others;
  const Tensor h = model.hidden(q.ids, q.B, q.T, context, others);
  answers.add(stage + "loss", sum);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::string layer = std::to_string(i),
                      at = "model.layers." + layer + ".self_attn.indexer.";
    answers.add(stage + layer, outputs.at(at + "kl"));
    answers.add(stage + "target." + layer, outputs.at(at + "target"));
    if (dense) answers.add(stage + "scores." + layer, outputs.at(at + "scores"));
  }
  if (dense) {
    answers.add("dense.logits", model.logits(h));
    answers.add("dense.loss", head_cross_entropy(h, model.lm_head, shifted(q.ids, q)));
  }
  if (!gradients) return;
  tape->backward(Tensor::zeros({1}));  // from the indexers' losses, which are ends of their own
  const std::string behind = "model.layers." + std::to_string(model.layers.size()) + ".";
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    if (!is_of_indexer(name) || name.starts_with(behind)) return;
    answers.add(stage + "grad." + name, p.grad().clone());
    p.clear_grad();
  });
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

// The likeliest tokens that follow the first of the first row, one by one, from the latent cache.
struct Greedy {
  Index prompt, more;
};
Greedy greedy_of(const Config& c) {  // the counts of tests/golden/README.md
  return c.model_type == "deepseek_v32" ? Greedy{12, 24} : Greedy{5, 16};
}

void add_greedy(Answers& answers, const Transformer& model, const Asked& q) {
  const auto [P, more] = greedy_of(model.config);
  if (q.T < P || model.config.max_position_embeddings < P + more) return;
  const Ids prompt(q.ids.begin(), q.ids.begin() + P);
  const auto follow = [&](auto&& generator) {
    generator.read(prompt);
    return generator.generate(more, {}, /*eos=*/-1);
  };
  answers.add("gen.prompt", {P}, prompt);
  if (model.device() == Device::kCuda)
    answers.add("gen.ids", {more}, follow(GpuGenerator(model, P + more)));
  else answers.add("gen.ids", {more}, follow(Generator(Decoder(model), P + more)));
  if (model.config.model_type != "deepseek_v32") return;
  Config every_key = model.config;
  every_key.index_topk = every_key.max_position_embeddings;
  const Transformer dense(every_key);
  dense.copy_from(model);
  answers.add("gen.dense_ids", {more}, follow(Generator(Decoder(dense), P + more)));
}

// Of `loss` alone: no balance loss, no multi-token prediction, whose modules, the correction biases
// and the indexers get none.
void add_gradients(Answers& answers, const Transformer& model, const Asked& q) {
  Tape tape;
  Losses others;
  tape.backward(model.loss(batch_of(q.ids, q, 0), {}, others));
  const std::string behind = "model.layers." + std::to_string(model.layers.size());
  bool main = true;  // the walk has the modules behind all other parameters
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    main = main && !name.starts_with(behind + ".");
    const bool reached = main && !is_correction_bias(name) && !is_of_indexer(name);
    if (reached) answers.add("grad." + name, p.grad());
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
      ("grad", "also write the gradients of the loss");
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
  if (model->config.model_type == "deepseek_v32")
    for (const bool dense : {true, false})
      add_stage(answers, *model, q, dense, flags.count("grad") > 0);
  const std::filesystem::path out = flags["out"].as<std::string>(), aside = out.string() + ".tmp";
  write_safetensors(aside, answers.tensors, answers.integers);
  std::filesystem::rename(aside, out);
  std::cerr << "wrote " << answers.tensors.size() + answers.integers.size() << " tensors to "
            << out.string() << "\n";
  return 0;
}

}  // namespace seekling
