// The model against Hugging Face's own classes, on the checkpoints in tests/golden
// (its README has every key). Tolerances are those the fixtures ask of a float32 implementation.
// On the CPU, and with all that a GPU has its own kernels for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "experts/moe.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "model/transformer.h"
#include "model/versions.h"
#include "ops/cross_entropy.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

struct Case {
  const char* name;
  Device device;
};

struct Fixture {
  explicit Fixture(const Case& test)
      : folder(std::filesystem::path(SEEKLING_GOLDEN) / test.name), model(read_config(folder)),
        expect(folder / "expect.safetensors") {
    load_weights(folder, model);
    model.move_to(test.device);
    ids = narrow("input_ids");
    B = expect.entries().at("input_ids").shape[0];
    T = expect.entries().at("input_ids").shape[1];
  }

  std::vector<std::int32_t> narrow(const std::string& key) const {
    const auto wide = expect.integers(key);
    return {wide.begin(), wide.end()};
  }

  // logits at t predict the id at t+1; the last has no target
  std::vector<std::int32_t> targets(const std::vector<std::int32_t>& labels) const {
    std::vector<std::int32_t> shifted(labels.size(), kIgnored);
    for (Index b = 0; b < B; ++b)
      for (Index t = 0; t + 1 < T; ++t) shifted[size_t(b * T + t)] = labels[size_t(b * T + t + 1)];
    return shifted;
  }

  Batch batch(const std::vector<std::int32_t>& labels) const {
    return make_batch({.B = B, .T = T, .ids = ids, .targets = targets(labels)}, /*depths=*/1);
  }

  double difference(const Tensor& there, const std::string& key) const {
    const Tensor wanted = expect.tensor(key), found = there.to(Device::kCpu);
    EXPECT_EQ(found.size(), wanted.size()) << key;
    return double(
        (found.view().matrix() - wanted.reshape({found.rows(), found.cols()}).view().matrix())
            .cwiseAbs()
            .maxCoeff());
  }

  std::filesystem::path folder;
  Transformer model;
  SafetensorsFile expect;
  std::vector<std::int32_t> ids;
  Index B = 0, T = 0;
};

class Golden : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (built_for_gpus() && !has_gpu() && GetParam().device == Device::kCuda)
      GTEST_SKIP() << "this machine has no GPU";
  }
};

constexpr const char* kFixtures[] = {"v2_lite_tiny", "v2_tiny",    "v3_tiny",    "odd/v2_odd",
                                     "odd/v2_dense", "odd/v3_odd", "odd/v3_tied"};

// On the CPU and on a GPU, where sparse attention does not run.
std::vector<Case> on_both() {
  std::vector<Case> all{{"v32_tiny", Device::kCpu}};
  for (const Device device : {Device::kCpu, Device::kCuda})
    for (const char* name : kFixtures) all.push_back({name, device});
  return all;
}

}  // namespace

TEST_P(Golden, HiddenStatesAndLogitsAgree) {
  const Fixture f(GetParam());
  std::map<std::string, Tensor> outputs;
  Context context;
  context.observer = [&](const std::string& name, const Tensor& x) { outputs[name] = x; };
  Losses losses;
  const Tensor h = f.model.hidden(f.ids, f.B, f.T, context, losses);
  EXPECT_LT(f.difference(outputs.at("model.embed_tokens"), "hidden.embed"), 2e-4);
  for (std::size_t i = 0; i < f.model.layers.size(); ++i) {
    const std::string layer = std::to_string(i), name = "model.layers." + layer;
    EXPECT_LT(f.difference(outputs.at(name + ".self_attn"), "attn_out." + layer), 2e-4) << i;
    EXPECT_LT(f.difference(outputs.at(name + ".mlp"), "mlp_out." + layer), 2e-4) << i;
    EXPECT_LT(f.difference(outputs.at(name), "hidden.layer." + layer), 2e-4) << i;
    if (f.expect.has("router." + layer + ".logits")) {
      EXPECT_LT(f.difference(outputs.at(name + ".mlp.gate"), "router." + layer + ".logits"), 2e-4);
    }
  }
  EXPECT_LT(f.difference(h, "hidden.final_norm"), 2e-4);
  EXPECT_LT(f.difference(outputs.at("model.norm"), "hidden.final_norm"), 2e-4);
  EXPECT_LT(f.difference(f.model.logits(h), "logits"), 2e-4);
}

TEST_P(Golden, ExpertsAgreeExactlyAndGatesAndLossesClosely) {
  const Fixture f(GetParam());
  Losses losses;
  f.model.hidden(f.ids, f.B, f.T, {}, losses);
  for (std::size_t m = 0; m < losses.routings.size(); ++m) {
    const std::string layer = std::to_string(Index(m) + f.model.config.first_k_dense_replace);
    EXPECT_EQ(losses.routings[m].experts.values(), f.narrow("router." + layer + ".indices"))
        << layer;
    EXPECT_LT(f.difference(losses.routings[m].g, "router." + layer + ".weights"), 2e-4) << layer;
    EXPECT_EQ(losses.routings[m].load.values(), f.narrow("router." + layer + ".load"));
    const Config& c = f.model.config;
    BalanceOptions expert = balance_options(c, make_router(c).affinity);
    expert.expert = 0;
    BalanceOptions device = expert, communication = expert;
    expert.expert = device.device = communication.communication = 1;
    EXPECT_LT(
        f.difference(balance_loss(losses.routings[m], f.B, expert), "aux." + layer + ".expert"),
        2e-5)
        << layer;
    if (c.n_group == 1 || expert.affinity != Affinity::kSoftmax) continue;
    EXPECT_LT(
        f.difference(balance_loss(losses.routings[m], f.B, device), "aux." + layer + ".device"),
        2e-5)
        << layer;
    EXPECT_LT(f.difference(balance_loss(losses.routings[m], f.B, communication),
                           "aux." + layer + ".comm"),
              2e-5)
        << layer;
  }
  EXPECT_LT(f.difference(f.model.loss(f.batch(f.ids), {}, losses), "loss"), 2e-5);
  EXPECT_LT(
      f.difference(f.model.loss(f.batch(f.narrow("labels_masked")), {}, losses), "loss_masked"),
      2e-5);
}

TEST_P(Golden, MultiTokenPredictionAgrees) {
  const Fixture f(GetParam());
  if (f.model.mtp.empty()) return;
  Losses losses;
  const Tensor h = f.model.hidden(f.ids, f.B, f.T, {}, losses),
               further = f.model.hidden_further(f.ids, f.B, f.T, h, {}, losses)[0];
  EXPECT_LT(f.difference(further, "mtp.0.hidden"), 2e-4);
  EXPECT_LT(f.difference(f.model.logits(further), "mtp.0.logits"), 2e-4);
  Context context;
  context.predict_further = true;
  f.model.loss(f.batch(f.ids), context, losses);
  EXPECT_LT(f.difference(losses.mtp.at(0), "mtp.0.loss"), 2e-5);
}

TEST_P(Golden, GradientsOfTheLossAgree) {
  const Fixture f(GetParam());
  Tape tape;
  Losses others;
  tape.backward(f.model.loss(f.batch(f.ids), {}, others));
  f.model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    if (is_correction_bias(name)) return;
    if (!f.expect.has("grad." + name)) {  // multi-token prediction has a loss of its own
      EXPECT_FALSE(p.has_grad()) << name;
      return;
    }
    const Tensor wanted = f.expect.tensor("grad." + name);
    const double largest = double(wanted.view().matrix().cwiseAbs().maxCoeff());
    EXPECT_LT(f.difference(p.grad(), "grad." + name), 1e-3 * largest + 1e-6) << name;
  });
}

TEST_P(Golden, GreedyTokensFromTheLatentCacheAgreeExactly) {
  const Fixture f(GetParam());
  std::vector<std::int32_t> ids = f.narrow("gen.prompt"), found;
  auto caches = f.model.make_caches(64);
  for (std::size_t n = f.narrow("gen.ids").size(); n > 0; --n) {
    const Tensor h = f.model.decode(ids, caches);
    const Tensor logits =
        f.model.logits(h.reshape({h.dim(1), h.cols()}).slice(h.dim(1) - 1, 1)).to(Device::kCpu);
    Index best = 0;
    logits.view().row(0).maxCoeff(&best);
    found.push_back(std::int32_t(best));
    ids = {found.back()};
  }
  EXPECT_EQ(found, f.narrow("gen.ids"));
}

INSTANTIATE_TEST_SUITE_P(HuggingFace, Golden, testing::ValuesIn(on_both()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '/', '_');
  return name + (test.param.device == Device::kCuda ? "_cuda" : "");
});

}  // namespace seekling
