// A very small DeepSeekMoE learns the toy world. Then we count which experts it asks about what,
// and take some away. Built with real = double: training amplifies rounding errors, and in float
// every machine would print other digits.
#include <cstdio>
#include <map>

#include "experts/moe.h"
#include "model/block.h"
#include "small_model.h"
#include "toy_text.h"

using namespace seekling;

static constexpr Index T = 64, kExperts = 8, kHeldoutRows = 24;

static void train(const Transformer& model, const Ids& text) {
  const AdamW optimizer(parameters_of(model), {});
  for (Index step = 1; step <= 250; ++step) {
    add_gradient(model, random_rows(text, /*B=*/8, T, /*seed=*/1, step));
    optimizer.update(step, /*lr=*/0.005, clip_factor(gradient_norm(optimizer.parameters()), 1));
    clear_gradients(optimizer.parameters());
  }
}

using Subjects = std::map<std::string, Batch>;  // the first held-out rows, by subject

static Subjects subjects_of(const std::vector<Document>& documents, const Tokenizer& tokenizer) {
  std::map<std::string, Ids> streams;
  for (const Document& d : documents)
    append(streams[d.language + (d.kind == "tale" || d.kind == "story" ? " prose" : " lists")], d,
           tokenizer);
  Subjects subjects;
  for (const auto& [subject, stream] : streams)
    subjects[subject] = first_rows(stream, kHeldoutRows, T);
  return subjects;
}

static double loss_of(const Transformer& model, const Batch& batch) {
  Losses others;
  return double(model.loss(batch, {}, others).item());
}

int main() {
  Config config = small_model(/*vocab_size=*/512, /*width=*/64);
  config.first_k_dense_replace = 0, config.kv_lora_rank = 32;
  config.n_routed_experts = kExperts, config.num_experts_per_tok = 2,
  config.moe_intermediate_size = 32;
  const ToyWorld world =
      make_toy_world({.documents = 3000, .heldout_documents = 1000, .questions_per_kind = 0});
  const Tokenizer tokenizer = toy_tokenizer(world, config.vocab_size);
  Transformer model(config);
  model.initialise(/*seed=*/1);
  train(model, stream_of(world.train, tokenizer));

  const Subjects subjects = subjects_of(world.heldout, tokenizer);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    std::printf("Layer %zu: of 100 tokens so many chose expert\n        ", layer);
    for (Index e = 0; e < kExperts; ++e) std::printf("%5td", e);
    for (const auto& [subject, batch] : subjects) {
      Losses others;
      model.loss(batch, {}, others);
      std::printf("\n%-8s", subject.c_str());
      for (const std::int32_t load : others.routings[layer].load)
        std::printf("%5.0f", 100. * double(load) / (kHeldoutRows * T));
    }
    std::printf("\n");
  }

  std::map<std::string, double> whole;  // the loss of each subject
  std::printf("\nHeld-out loss   ");
  for (const auto& [subject, batch] : subjects) std::printf("%10s", subject.c_str());
  std::printf("\nwhole           ");
  for (const auto& [subject, batch] : subjects)
    std::printf("%10.2f", whole[subject] = loss_of(model, batch));
  const auto print_without = [&](const std::string& what) {
    std::printf("\nwithout %-8s", what.c_str());
    for (const auto& [subject, batch] : subjects)
      std::printf("%+10.2f", loss_of(model, batch) - whole[subject]);
  };
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    MoE& moe = dynamic_cast<MoE&>(*dynamic_cast<Block&>(*model.layers[layer]).mlp);
    moe.e_score_correction_bias = Tensor::zeros({kExperts});
    for (Index e = 0; e < kExperts; ++e) {
      moe.e_score_correction_bias.data()[e] = -2;  // scores are in (0, 1): the next best steps in
      print_without(text(layer, ".", e));
      moe.e_score_correction_bias.data()[e] = 0;
    }
    const Mlp shared = std::exchange(moe.shared_experts, {});
    print_without(text("shared ", layer));
    moe.shared_experts = shared;
  }
  std::printf("\n");
}
