// A very small DeepSeekMoE learns the toy world. Then we count which experts it asks about what, and take some away.
// Built with real = double: training amplifies rounding errors, and in float every machine would print other digits.
#include <cstdio>
#include <map>

#include "tensor/tape.h"
#include "toy_text.h"

using namespace seekling;

static constexpr Index B = 8, T = 64, kSteps = 250, kExperts = 8, kHeldoutRows = 24;

static Config small() {
  Config c;
  c.vocab_size = 512, c.hidden_size = 64, c.num_hidden_layers = 2, c.first_k_dense_replace = 0;
  c.num_attention_heads = 2, c.kv_lora_rank = 32, c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8, c.v_head_dim = 16;
  c.n_routed_experts = kExperts, c.num_experts_per_tok = 2, c.n_shared_experts = 1, c.moe_intermediate_size = 32;
  c.initializer_range = 0.1;
  return c;
}

static void train(const Transformer& model, const Ids& text) {
  const AdamW optimizer(parameters_of(model), {});
  for (Index step = 1; step <= kSteps; ++step) {
    const Batch batch = random_rows(text, B, T, /*seed=*/1, step);
    Tape tape;
    Pass pass;
    const Tensor loss = model.loss(batch.ids, batch.targets, B, T, pass);
    *pass.balance_loss.grad().data() = 1;  // the tape is played back from both losses
    tape.backward(loss);
    optimizer.update(step, /*lr=*/0.005, clip_factor(gradient_norm(optimizer.parameters()), 1));
    clear_gradients(optimizer.parameters());
  }
}

using Subjects = std::map<std::string, Batch>;  // the first rows of the held-out documents, by subject

static Subjects subjects_of(const std::vector<Document>& documents, const Tokenizer& tokenizer) {
  std::map<std::string, Ids> streams;
  for (const Document& d : documents)
    append(streams[d.language + (d.kind == "tale" || d.kind == "story" ? " prose" : " lists")], d, tokenizer);
  Subjects subjects;
  for (const auto& [subject, stream] : streams) {
    Batch& batch = subjects[subject] = {.B = 0, .T = T, .ids = {}, .targets = {}, .first = {}};
    for (Index row = 0; row < kHeldoutRows; ++row) append_row(batch, stream, row * T);
  }
  return subjects;
}

static double evaluate(const Transformer& model, const Batch& batch, Pass& pass) {
  return double(model.loss(batch.ids, batch.targets, batch.B, T, pass).item());
}

// The loss of each subject, less what it is in `whole`, if that is given.
static std::vector<double> print_losses(const Transformer& model, const Subjects& subjects,
                                        const std::vector<double>& whole) {
  std::vector<double> losses;
  for (const auto& [subject, batch] : subjects) {
    Pass pass;
    losses.push_back(evaluate(model, batch, pass));
    if (whole.empty()) std::printf("%10.2f", losses.back());
    else std::printf("%+10.2f", losses.back() - whole[losses.size() - 1]);
  }
  std::printf("\n");
  return losses;
}

int main() {
  const ToyWorld world = make_toy_world({.documents = 3000, .heldout_documents = 1000, .questions_per_kind = 0});
  const Tokenizer tokenizer = toy_tokenizer(world, small().vocab_size);
  Ids text;
  for (const Document& d : world.train) append(text, d, tokenizer);
  Transformer model(small());
  model.initialise(/*seed=*/1);
  train(model, text);

  const Subjects subjects = subjects_of(world.heldout, tokenizer);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    std::printf("Layer %zu: of 100 tokens so many chose expert\n          0    1    2    3    4    5    6    7\n",
                layer);
    for (const auto& [subject, batch] : subjects) {
      Pass pass;
      evaluate(model, batch, pass);
      std::printf("%-8s", subject.c_str());
      for (const std::int32_t load : pass.routings[layer].load)
        std::printf("%5.0f", 100 * double(load) / double(kHeldoutRows * T));
      std::printf("\n");
    }
  }

  std::printf("\nHeld-out loss   ");
  for (const auto& [subject, batch] : subjects) std::printf("%10s", subject.c_str());
  std::printf("\nwhole           ");
  const std::vector<double> whole = print_losses(model, subjects, {});
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    MoE& moe = std::get<MoE>(model.layers[layer].mlp);
    moe.e_score_correction_bias = Tensor::zeros({kExperts});
    for (Index e = 0; e < kExperts; ++e) {
      std::printf("without %zu.%td     ", layer, e);
      moe.e_score_correction_bias.data()[e] = -2;  // scores are between 0 and 1: the next best steps in
      print_losses(model, subjects, whole);
      moe.e_score_correction_bias.data()[e] = 0;
    }
    std::printf("without shared %zu", layer);
    const Mlp shared = std::exchange(moe.shared_experts, {});
    print_losses(model, subjects, whole);
    moe.shared_experts = shared;
  }
}
