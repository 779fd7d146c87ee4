// A very small DeepSeekMoE learns the toy world. Then we count which experts it asks about what, and take some away.
// Built with real = double: training amplifies rounding errors, and in float every machine would print other digits.
#include <cstdio>
#include <map>

#include "data/batches.h"
#include "data/bpe_train.h"
#include "data/toy_world.h"
#include "model/transformer.h"
#include "tensor/tape.h"
#include "train/adamw.h"

using namespace seekling;

using Ids = std::vector<std::int32_t>;
using Streams = std::map<std::string, Ids>;  // by subject: its documents, one behind the other

constexpr Index B = 8, T = 128, kSteps = 300, kExperts = 8, kHeldoutRows = 32;

static Config small() {
  Config c;
  c.vocab_size = 512, c.hidden_size = 64, c.num_hidden_layers = 2, c.first_k_dense_replace = 0;
  c.num_attention_heads = 2, c.kv_lora_rank = 32, c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8, c.v_head_dim = 16;
  c.n_routed_experts = kExperts, c.num_experts_per_tok = 2, c.n_shared_experts = 1, c.moe_intermediate_size = 32;
  c.initializer_range = 0.1;
  return c;
}

static Streams streams(const std::vector<Document>& documents, const Tokenizer& tokenizer) {
  Streams all;
  for (const Document& d : documents) {
    const bool prose = d.kind == "tale" || d.kind == "story";
    Ids& stream = all[d.language + (prose ? " prose" : " lists")];
    for (const TokenId id : tokenizer.encode(d.text)) stream.push_back(id);
    stream.push_back(tokenizer.eos());
  }
  return all;
}

static void append_row(Batch& batch, const Ids& stream, Index place) {
  const auto row = stream.begin() + place;
  batch.ids.insert(batch.ids.end(), row, row + T), batch.targets.insert(batch.targets.end(), row + 1, row + T + 1);
  ++batch.B;
}

static void train(const Transformer& model, const Ids& text) {
  NamedTensors parameters;
  model.for_each_parameter([&](const std::string& name, const Tensor& p) { parameters.emplace_back(name, p); });
  const AdamW optimizer(parameters, {});
  for (Index step = 1; step <= kSteps; ++step) {
    Batch batch;
    for (Index b = 0; b < B; ++b) append_row(batch, text, Rng(1, step, b).below(Index(text.size()) - T));
    Tape tape;
    Pass pass;
    const Tensor loss = model.loss(batch.ids, batch.targets, B, T, pass);
    *pass.balance_loss.grad().data() = 1;  // the tape is played back from both losses
    tape.backward(loss);
    optimizer.update(step, /*lr=*/0.005, clip_factor(gradient_norm(optimizer.parameters()), 1));
    clear_gradients(optimizer.parameters());
  }
}

static double evaluate(const Transformer& model, const Ids& stream, Pass& pass) {
  Batch batch;
  for (Index b = 0; b < kHeldoutRows; ++b) append_row(batch, stream, b * T);
  return double(model.loss(batch.ids, batch.targets, batch.B, T, pass).item());
}

// The loss of each subject, less what it is in `whole`, if that is given.
static std::vector<double> print_losses(const Transformer& model, const Streams& heldout, std::vector<double> whole) {
  std::vector<double> losses;
  for (const auto& [subject, stream] : heldout) {
    Pass pass;
    losses.push_back(evaluate(model, stream, pass));
    if (whole.empty()) std::printf("%10.2f", losses.back());
    else std::printf("%+10.2f", losses.back() - whole[losses.size() - 1]);
  }
  std::printf("\n");
  return losses;
}

int main() {
  const ToyWorld world = make_toy_world({.documents = 3000, .heldout_documents = 1000, .questions_per_kind = 0});
  std::vector<std::string> texts;
  for (const Document& d : world.train) texts.push_back(d.text);
  const Tokenizer tokenizer = train_bpe(texts, {.vocab_size = small().vocab_size});
  Ids text;
  for (const auto& [subject, stream] : streams(world.train, tokenizer))
    text.insert(text.end(), stream.begin(), stream.end());
  Transformer model(small());
  model.initialise(/*seed=*/1);
  train(model, text);

  const Streams heldout = streams(world.heldout, tokenizer);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    std::printf("Layer %zu: of 100 tokens so many chose expert\n          0    1    2    3    4    5    6    7\n",
                layer);
    for (const auto& [subject, stream] : heldout) {
      Pass pass;
      evaluate(model, stream, pass);
      std::printf("%-8s", subject.c_str());
      for (const std::int32_t load : pass.routings[layer].load)
        std::printf("%5.0f", 100 * double(load) / double(kHeldoutRows * T));
      std::printf("\n");
    }
  }

  std::printf("\nHeld-out loss   ");
  for (const auto& [subject, stream] : heldout) std::printf("%10s", subject.c_str());
  std::printf("\nwhole           ");
  const std::vector<double> whole = print_losses(model, heldout, {});
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    MoE& moe = std::get<MoE>(model.layers[layer].mlp);
    moe.e_score_correction_bias = Tensor::zeros({kExperts});
    for (Index e = 0; e < kExperts; ++e) {
      std::printf("without %zu.%td     ", layer, e);
      moe.e_score_correction_bias.data()[e] =
          -2;  // scores are between 0 and 1: nobody chooses e, the next best steps in
      print_losses(model, heldout, whole);
      moe.e_score_correction_bias.data()[e] = 0;
    }
    std::printf("without shared %zu", layer);
    const Mlp shared = std::exchange(moe.shared_experts, {});
    print_losses(model, heldout, whole);
    moe.shared_experts = shared;
  }
}
