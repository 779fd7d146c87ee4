#include "console/clean_run.h"

#include <chrono>

#include "console/clean_flags.h"
#include "console/flags.h"
#include "system/interrupt.h"

namespace seekling {

using Json = nlohmann::ordered_json;

bool read_documents(DocumentReader& reader, Clean* clean, Dedup& dedup, CleanOutput& out,
                    double save_every) {
  using Clock = std::chrono::steady_clock;
  if (const Json* saved = out.resumed()) {
    reader.resume(saved->at("reader"));
    if (clean) clean->resume(saved->at("clean"));
    to_stderr(text("continuing after ", reader.documents(), " documents"));
  }
  const auto save = [&] {
    out.save({{"reader", reader.state()},
              {"clean", clean ? clean->details() : Json()},
              {"dedup", dedup.save()}});
  };
  const Interrupt interrupt;
  auto saved_at = Clock::now();
  const bool all = for_each_batch(reader, [&](std::vector<InputDocument>& batch) {
    out.come_in(batch);
    dedup.add(clean ? clean->clean(std::move(batch)) : std::move(batch));
    const std::chrono::duration<double> since = Clock::now() - saved_at;
    if (since.count() < save_every) return !Interrupt::requested();
    save();
    saved_at = Clock::now();
    return !Interrupt::requested();
  });
  if (!all) to_stderr("interrupted; the same command with --resume continues from here");
  if (!all || std::chrono::duration<double>(Clock::now() - saved_at).count() >= save_every) save();
  return all;
}

}  // namespace seekling
