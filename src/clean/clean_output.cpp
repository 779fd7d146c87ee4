#include "clean/clean_output.h"

#include <algorithm>
#include <cstdio>

#include "core/check.h"
#include "unicode/unicode.h"

namespace seekling {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

fs::path made_folder(const fs::path& folder) {
  fs::create_directory(folder);
  return folder;
}

std::string beginning_of(std::string_view text) {
  constexpr std::size_t kShown = 200;
  std::string_view shown = text.substr(0, kShown);
  while (!shown.empty() && valid_utf8_prefix(shown) < Index(shown.size())) shown.remove_suffix(1);
  return std::string(shown);
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string table_row(const std::string& what, const Json& count) {
  char row[160];
  std::snprintf(row, sizeof row, "%-36s %12ld documents %14ld bytes of text\n", what.c_str(),
                count.at("documents").get<long>(), count.at("bytes").get<long>());
  return row;
}

}  // namespace

CleanOutput::CleanOutput(const fs::path& folder)
    : save(folder), lock(folder), scratch_(made_folder(save.file("scratch"))),
      texts(save.file("text.jsonl")), dropped(save.file("dropped.ndjson")) {}

void CleanOutput::keep(std::string_view line, Index text_bytes) {
  texts.write(line.data(), line.size());
  texts.write("\n", 1);
  ++kept.documents;
  kept.bytes += text_bytes;
}

void CleanOutput::drop(const std::string& rule, std::string_view place, std::string_view text,
                       const Json& why) {
  auto count = std::ranges::find(by_rule, rule, &std::pair<std::string, Count>::first);
  if (count == by_rule.end()) count = by_rule.insert(count, {rule, {}});
  ++count->second.documents;
  count->second.bytes += Index(text.size());
  Json row{{"document", place}, {"rule", rule}};
  row.update(why);
  row["begins"] = beginning_of(text);
  const std::string line = to_line(row);
  dropped.write(line.data(), line.size());
}

Json CleanOutput::report_of(const DocumentReader& reader) const {
  const auto to_json = [](const Count& c) {
    return Json{{"documents", c.documents}, {"bytes", c.bytes}};
  };
  Count all = kept;
  Json rules = Json::object(), skipped = Json::object();
  for (const auto& [rule, count] : by_rule) {
    all.documents += count.documents;
    all.bytes += count.bytes;
    rules[rule] = to_json(count);
  }
  for (const auto& [kind, count] : reader.skipped()) skipped[kind] = count;
  return {{"input_bytes", reader.bytes()},
          {"malformed_sequences", reader.malformed()},
          {"skipped", skipped},
          {"documents", to_json(all)},
          {"dropped", rules},
          {"kept", to_json(kept)}};
}

void CleanOutput::finish(const DocumentReader& reader, const Json& details) {
  check(kept.documents > 0 || !by_rule.empty(), "found no document in the input",
        reader.skipped().empty() ? "" : "; the sentences above say what was skipped");
  texts.finish();
  dropped.finish();
  report = report_of(reader);
  report.update(details);
  write_file(save.file("report.json"), report.dump(2) + "\n");
  fs::remove_all(scratch_);
  save.commit();
}

std::string CleanOutput::summary() const {
  std::string lines = table_row("came in", report.at("documents"));
  for (const auto& [kind, count] : report.at("skipped").items())
    lines += text("skipped, ", kind, ": ", count.get<Index>(), "\n");
  for (const auto& [rule, count] : report.at("dropped").items())
    lines += table_row("dropped, " + rule, count);
  return lines + table_row("kept", report.at("kept"));
}

}  // namespace seekling
