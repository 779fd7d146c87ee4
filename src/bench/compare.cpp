#include "bench/compare.h"

#include <algorithm>
#include <cstdlib>

#include "core/check.h"
#include "system/child_process.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr Limits kLimits{
    .seconds = 3600, .memory_mib = 1 << 24, .file_mib = 1 << 12, .output_bytes = 1 << 20};

Ended run(const std::vector<std::string>& words) {
  return run_child(words, std::filesystem::current_path(), kLimits);
}

}  // namespace

bool imports(const std::string& python, const std::string& modules) {
  return run({python, "-c", "import " + modules}).well();
}

void check_unbound(const std::string& asks) {
  for (const char* name : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"})
    check(!std::getenv(name), asks, ": ", name,
          " is set and would confine the other programs to one core; unset it");
}

Json answer_of(const std::string& asks, const std::vector<std::string>& words) {
  const Ended ended = run(words);
  const std::size_t at = ended.output.rfind("\n{"), begin = at == std::string::npos ? 0 : at + 1;
  const Json answer = parse_json_or_discard<Json>(ended.output.substr(begin), asks);
  const std::string end =
      ended.output.substr(ended.output.size() - std::min<std::size_t>(ended.output.size(), 300));
  check(ended.well() && answer.is_object() && answer.contains("tokens_per_s"), asks, ": ", words[0],
        " ", words[1], ended.well() ? " printed no result" : " " + how(ended, kLimits),
        "; its last output: ", end);
  return answer;
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return (all[(all.size() - 1) / 2] + all[all.size() / 2]) / 2;
}

}  // namespace seekling
