#include "clean/mix.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "core/check.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

// A source's documents, again and again.
class RepeatedSource {
 public:
  RepeatedSource(const MixSource& source, Index epochs, Reading r, Say s)
      : weight(source.weight), most(epochs), reading(std::move(r)), say(std::move(s)) {
    reading.paths = {source.path};
    begin();
  }

  bool next(InputDocument& document) {  // false after the last epoch
    while (at == batch.size()) {
      batch = reader->next();
      at = 0;
      if (!batch.empty()) continue;
      check(reader->documents() > 0, reading.paths[0].string(), ": found no document in it");
      ++ended;
      if (ended == most) return false;
      begin();
    }
    document = std::move(batch[at++]);
    bytes += Index(document.text.size());
    ++documents;
    return true;
  }

  double written() const { return double(bytes) / weight; }
  Json to_json(Index all_bytes) const {
    return {{"path", reading.paths[0].string()},
            {"weight", weight},
            {"documents", documents},
            {"bytes", bytes},
            {"share", double(bytes) / double(std::max<Index>(all_bytes, 1))},
            {"whole_epochs", ended}};
  }

  Index bytes = 0;

 private:
  void begin() {  // what is odd in a source is told in its first epoch
    reader = std::make_unique<DocumentReader>(
        reading, ended == 0 ? say : [](const std::string&) {});
  }

  const double weight;
  const Index most;
  Reading reading;
  const Say say;
  std::unique_ptr<DocumentReader> reader;
  std::vector<InputDocument> batch;
  std::size_t at = 0;
  Index documents = 0, ended = 0;
};

}  // namespace

Json mix(const std::vector<MixSource>& sources, Index epochs, const Reading& reading,
         const Say& say, const std::function<void(std::string_view)>& write) {
  std::vector<std::unique_ptr<RepeatedSource>> all;
  for (const MixSource& source : sources)
    all.push_back(std::make_unique<RepeatedSource>(source, epochs, reading, say));
  const auto behind = [&] {  // the source that has written least of its share
    return std::ranges::min_element(all, {}, [](const auto& source) { return source->written(); })
        ->get();
  };
  for (InputDocument document; behind()->next(document);) write(document.line);
  Index all_bytes = 0;
  for (const auto& source : all) all_bytes += source->bytes;
  Json report = Json::array();
  for (const auto& source : all) report.push_back(source->to_json(all_bytes));
  return {{"bytes", all_bytes}, {"sources", report}};
}

}  // namespace seekling
