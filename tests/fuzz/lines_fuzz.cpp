// metrics.jsonl, questions.jsonl and samples.md: any bytes are refused in a sentence, or read.
#include "fuzz/scratch_file.h"
#include "report/metrics.h"
#include "report/samples_file.h"
#include "toy/world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seekling;
  const ScratchFile file(data, size, ".jsonl");
  accepted([&] {
    for (const StepMetrics& metrics : read_metrics(file.path)) busiest_expert(metrics.expert_load);
  });
  accepted([&] { read_questions(file.path); });
  accepted([&] { forget_samples_after(file.path, 3); });
  accepted([&] { MetricsLog(file.path, 3).append({}); });
  return 0;
}
