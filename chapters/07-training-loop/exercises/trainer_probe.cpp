#include <unistd.h>

#include <algorithm>

#include "probe.h"
#include "train/made_up.h"
#include "train/trainer.h"

namespace seekling {

namespace {

// Of every second micro-batch two targets count alone: weights that are not by targets are far off.
Batch uneven(Index i) {
  Rows two = made_up_rows(2, i);
  if (i % 2 == 1) std::fill(two.targets.begin() + 2, two.targets.end(), kIgnored);
  return make_batch(two);
}

}  // namespace

void probe(Probe& probe) {
  Config c;
  c.vocab_size = kVocab, c.hidden_size = 16, c.num_hidden_layers = 2, c.num_attention_heads = 2,
  c.kv_lora_rank = 8;
  c.qk_nope_head_dim = 8, c.qk_rope_head_dim = 4, c.v_head_dim = 8, c.intermediate_size = 32;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.moe_intermediate_size = 8;
  c.aux_loss_alpha = 20, c.initializer_range = 0.2;  // a balance loss that weighs something
  const Transformer model(c);
  model.initialise(std::uint64_t(probe.between(1, 1000)));
  TrainerState state;
  state.settings.steps = 2, state.settings.batch_size = 2, state.settings.accumulate = 2,
  state.settings.seq_len = T;
  // AdamW moves by nearly the gradient.
  state.settings.warmup_steps = 1, state.settings.lr = 1, state.settings.eps = 1;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / text("seekling_probe_", ::getpid());
  probe.exercise("7.3",
                 text("2 micro-batches of 2 rows of ", T, " tokens; in the second 2 targets count"),
                 [&] {
                   Trainer trainer(model, state, uneven, {}, RunFolder(folder, "{}", "{}"));
                   for (Index step = 1; step <= 2; ++step) {
                     const StepMetrics metrics = trainer.step();
                     probe.see(text("loss", step), metrics.loss),
                         probe.see(text("balance_loss", step), metrics.balance_loss);
                     probe.see(text("grad_norm", step), metrics.grad_norm),
                         probe.see(text("gain", step), model.norm.weight);
                   }
                 });
  std::filesystem::remove_all(folder);
}

}  // namespace seekling
