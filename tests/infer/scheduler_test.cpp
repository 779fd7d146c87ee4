#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "core/parallel.h"
#include "gradcheck.h"
#include "infer/generate.h"
#include "infer/small_models.h"

namespace seekling {

namespace {

Config roomy(Config c) {
  c.max_position_embeddings = 1200;
  return c;
}

std::vector<Request> requests() {
  std::vector<Request> all;
  for (std::uint64_t i = 0; i < 9; ++i)
    all.push_back(
        {made_up_ids(Index(3 + 11 * i), 23, i),
         Index(5 + 30 * (i % 4)),
         {.temperature = i % 2 ? 0.9 : 0.0, .repetition_penalty = i % 3 ? 1.0 : 1.2, .seed = i},
         i == 4 ? 5 : -1});
  return all;
}

std::vector<std::int32_t> alone(const Decoder& decoder, const Request& r) {
  Generator generator(decoder, Index(r.prompt.size()) + r.max_tokens);
  generator.read(r.prompt);
  return generator.generate(r.max_tokens, r.sampling, r.eos);
}

}  // namespace

TEST(Scheduler, EveryRequestGetsTheTextItGetsAloneWhateverElseRunsAndWhateverIsPreempted) {
  for (const Config& config :
       {roomy(small_config()), roomy(v3_config()), roomy(v32_config()), roomy(baseline_config(2))})
    for (const Format format : {Format::kF32, Format::kInt8}) {
      const Decoder decoder(made(config), {.weights = format, .cache = format});
      for (const auto& [pages, most] :
           {std::pair<Index, Index>{100, 9}, {100, 2}, {6, 9}, {7, 3}}) {
        Scheduler scheduler(decoder, pages, most);
        std::vector<std::vector<std::int32_t>> told(9);
        for (const Request& r : requests()) scheduler.submit(r);
        while (scheduler.step([&](Index i, std::int32_t id) { told[size_t(i)].push_back(id); })) {
          EXPECT_LE(scheduler.running(), most);
        }
        for (Index i = 0; i < 9; ++i) {
          EXPECT_EQ(scheduler.answer(i), alone(decoder, requests()[size_t(i)]))
              << i << " " << pages << " " << most;
          EXPECT_EQ(scheduler.answer(i), told[size_t(i)]) << i;
        }
        EXPECT_EQ(scheduler.cache().free(), pages);  // all pages came back
        if (pages == 6) {
          EXPECT_GT(scheduler.preemptions(), 0);
        }
        if (pages == 100) {
          EXPECT_EQ(scheduler.preemptions(), 0);
        }
      }
    }
}

TEST(Scheduler, AnswersDoNotDependOnThreads) {
  const int before = threads();
  const Decoder decoder(made(roomy(small_config())));
  std::vector<std::vector<std::int32_t>> answers;
  for (const int n : {1, 3}) {
    set_threads(n);
    Scheduler scheduler(decoder, 6, 9);
    for (const Request& r : requests()) scheduler.submit(r);
    while (scheduler.step()) {
    }
    for (Index i = 0; i < 9; ++i) answers.push_back(scheduler.answer(i));
  }
  set_threads(before);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(answers[i], answers[i + 9]);
}

TEST(Scheduler, RequestsJoinWhileOthersRun) {
  const Decoder decoder(made(roomy(small_config())));
  Scheduler scheduler(decoder, 20, 4);
  const auto all = requests();
  scheduler.submit(all[3]);
  for (int i = 0; i < 5; ++i) scheduler.step();
  scheduler.submit(all[1]);
  scheduler.step();
  EXPECT_EQ(scheduler.running(), 2);
  while (scheduler.step()) {
  }
  EXPECT_EQ(scheduler.answer(0), alone(decoder, all[3]));
  EXPECT_EQ(scheduler.answer(1), alone(decoder, all[1]));
}

TEST(Scheduler, RefusesWhatCouldNeverRun) {
  const Decoder decoder(made(small_config()));
  Scheduler scheduler(decoder, 1, 4);
  EXPECT_ERROR(scheduler.submit({{}, 5}),
               "a request's prompt is empty, expected at least one token");
  EXPECT_ERROR(
      scheduler.submit({made_up_ids(20, 23), 14}),
      "a request of 20 prompt tokens and 14 new tokens needs 2 pages of 32 tokens, and the whole "
      "cache has 1; give it "
      "more memory");
  EXPECT_ERROR(
      scheduler.submit({made_up_ids(60, 23), 6}),
      "a request of 60 prompt tokens and 6 new tokens is longer than the model's 64 positions "
      "(max_position_embeddings)");
  scheduler.submit({made_up_ids(20, 23), 13});  // the last token is not read
  while (scheduler.step()) {
  }
  EXPECT_EQ(scheduler.answer(0).size(), 13u);
}

}  // namespace seekling
