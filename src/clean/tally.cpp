#include "clean/tally.h"

#include <algorithm>
#include <bit>

#include "repeats/words.h"
#include "unicode/unicode.h"

namespace seekling {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kDroppedSamples = 3, kKeptSamples = 12;  // of each rule, and of all
constexpr std::size_t kShown = 700;                            // bytes of a sample's text

std::size_t log2_of(Index bytes) { return std::size_t(std::bit_width(std::uint64_t(bytes))); }

bool stands_in(std::string_view place, const std::string& source) {
  if (source == "-") return place.starts_with("standard input");
  if (!place.starts_with(source)) return false;
  const std::string_view rest = place.substr(source.size());
  return rest.empty() || rest[0] == ':' || rest[0] == '/' || source.ends_with('/');
}

}  // namespace

std::string beginning_of(std::string_view text, std::size_t bytes) {
  std::string_view shown = text.substr(0, bytes);
  while (!shown.empty() && valid_utf8_prefix(shown) < Index(shown.size())) shown.remove_suffix(1);
  return std::string(shown);
}

Tally::Count& Tally::Count::operator+=(const Count& other) {
  documents += other.documents, bytes += other.bytes, tokens += other.tokens;
  return *this;
}

Json Tally::Count::to_json(bool with_tokens) const {
  Json json{{"documents", documents}, {"bytes", bytes}};
  if (with_tokens) {
    json["tokens"] = tokens;
    json["bytes_per_token"] = double(bytes) / double(std::max<Index>(tokens, 1));
  }
  return json;
}

Tally::Tally(std::vector<std::filesystem::path> paths) {
  for (const auto& path : paths) sources.push_back({path.string()});
  if (sources.empty()) sources.push_back({""});
}

Tally::Source& Tally::source_of(std::string_view place) {
  for (std::size_t k = 0; k < sources.size(); ++k) {  // the next one is mostly that of the last
    const std::size_t i = (last + k) % sources.size();
    if (stands_in(place, sources[i].name)) return sources[last = i];
  }
  return sources[last];
}

bool Tally::is_sample(const std::vector<Sample>& samples, std::uint64_t rank, std::size_t most) {
  return samples.size() < most || rank < samples.back().rank;
}

void Tally::add(std::vector<Sample>& samples, Sample sample, std::size_t most) {
  const auto at = std::ranges::upper_bound(samples, sample.rank, {}, &Sample::rank);
  samples.insert(at, std::move(sample));
  if (samples.size() > most) samples.pop_back();
}

void Tally::come_in(std::string_view place, Index bytes) { source_of(place).came += {1, bytes, 0}; }

void Tally::keep(std::string_view place, Index bytes, Index tokens, const Text& text) {
  source_of(place).kept += {1, bytes, tokens};
  ++kept_lengths.at(log2_of(bytes));
  const std::uint64_t rank = text_hash(place);
  if (is_sample(kept_samples, rank, kKeptSamples))
    add(kept_samples, {rank, {{"document", place}, {"begins", beginning_of(text(), kShown)}}},
        kKeptSamples);
}

void Tally::drop(const std::string& rule, std::string_view place, std::string_view text,
                 const Json& why, const Text& beside) {
  if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(rule);
  source_of(place).dropped[rule] += {1, Index(text.size()), 0};
  ++dropped_lengths.at(log2_of(Index(text.size())));
  const std::uint64_t rank = text_hash(place);
  std::vector<Sample>& samples = dropped_samples[rule];
  if (!is_sample(samples, rank, kDroppedSamples)) return;
  Json shown{{"document", place}, {"why", why}, {"begins", beginning_of(text, kShown)}};
  if (beside) shown["beside"] = beginning_of(beside(), kShown);
  add(samples, {rank, std::move(shown)}, kDroppedSamples);
}

Index Tally::kept_documents() const {
  Index all = 0;
  for (const Source& source : sources) all += source.kept.documents;
  return all;
}

bool Tally::empty() const {
  return std::ranges::all_of(sources, [](const Source& s) { return s.came.documents == 0; });
}

Json Tally::dropped_of(const std::vector<const Source*>& some) const {
  Json dropped = Json::object();
  for (const std::string& rule : rules) {
    Count count;
    for (const Source* source : some)
      if (const auto at = source->dropped.find(rule); at != source->dropped.end())
        count += at->second;
    if (count.documents > 0) dropped[rule] = count.to_json(false);
  }
  return dropped;
}

Json Tally::report(bool with_tokens) const {
  const auto part = [&](const std::vector<const Source*>& some) {
    Count kept, all;
    for (const Source* source : some) kept += source->kept, all += source->came;
    return Json{{"documents", all.to_json(false)},
                {"dropped", dropped_of(some)},
                {"kept", kept.to_json(with_tokens)}};
  };
  std::vector<const Source*> everything;
  for (const Source& source : sources) everything.push_back(&source);
  Json report = part(everything);
  Json by_source = Json::object();
  for (const Source& source : sources)
    if (!source.name.empty()) by_source[source.name] = part({&source});
  report["sources"] = by_source;
  report["log2_bytes"] = {{"kept", kept_lengths}, {"dropped", dropped_lengths}};
  return report;
}

Json Tally::samples() const {
  const auto shown = [](const std::vector<Sample>& samples) {
    Json list = Json::array();
    for (const Sample& sample : samples) list.push_back(sample.shown);
    return list;
  };
  Json dropped = Json::object();
  for (const std::string& rule : rules) dropped[rule] = shown(dropped_samples.at(rule));
  return {{"kept", shown(kept_samples)}, {"dropped", dropped}};
}

// Before the first document is kept: what is kept is known only at the end.
Json Tally::saved() const {
  Json by_source = Json::array(), samples = Json::object();
  for (const Source& source : sources) {
    Json dropped = Json::object();
    for (const auto& [rule, count] : source.dropped) dropped[rule] = {count.documents, count.bytes};
    by_source.push_back(
        {{"came", {source.came.documents, source.came.bytes}}, {"dropped", dropped}});
  }
  for (const auto& [rule, some] : dropped_samples)
    for (const Sample& sample : some) samples[rule].push_back({sample.rank, sample.shown});
  return {{"rules", rules},
          {"sources", by_source},
          {"dropped_lengths", dropped_lengths},
          {"samples", samples}};
}

void Tally::restore(const Json& saved) {
  rules = saved.at("rules").get<std::vector<std::string>>();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Json& source = saved.at("sources").at(i);
    sources[i].came = {source.at("came").at(0), source.at("came").at(1), 0};
    for (const auto& [rule, count] : source.at("dropped").items())
      sources[i].dropped[rule] = {count.at(0), count.at(1), 0};
  }
  dropped_lengths = saved.at("dropped_lengths").get<Lengths>();
  for (const auto& [rule, some] : saved.at("samples").items())
    for (const Json& sample : some)
      dropped_samples[rule].push_back({sample.at(0).get<std::uint64_t>(), sample.at(1)});
}

}  // namespace seekling
