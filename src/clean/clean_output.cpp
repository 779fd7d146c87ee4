#include "clean/clean_output.h"

#include <algorithm>
#include <cstdio>

#include "core/check.h"
#include "core/parallel.h"
#include "repeats/words.h"
#include "stream/document_store.h"

namespace seekling {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kDropped = "dropped.ndjson";
constexpr const char* kState = "state.json";

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string shard_name(Index shard, Index shards) {
  if (shards == 1) return "text.jsonl";
  const std::string number = std::to_string(shard), all = std::to_string(shards);
  return "text-" + std::string(all.size() - number.size(), '0') + number + "-of-" + all + ".jsonl";
}

// Texts of an earlier run that this one would leave beside its own.
void check_no_others(const fs::path& folder, Index shards) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    bool own = !name.starts_with("text") || !name.ends_with(".jsonl");
    for (Index shard = 0; shard < shards && !own; ++shard) own = name == shard_name(shard, shards);
    check(own, entry.path().string(), ": was written with another number of --shards than ", shards,
          "; remove it or choose another folder");
  }
}

void copy_through(const fs::path& from, const fs::path& to) {
  const DiskFile source(from, /*stays=*/true);
  FileWriter copy(to);
  std::vector<char> some(std::size_t(1) << 20);
  for (std::uint64_t at = 0; const std::size_t n = source.read(some.data(), some.size(), at);
       at += n)
    copy.write(some.data(), n);
  copy.finish();
}

std::string table_row(const std::string& what, const Json& count) {
  char row[160];
  std::snprintf(row, sizeof row, "%-36s %12ld documents %14ld bytes of text", what.c_str(),
                count.at("documents").get<long>(), count.at("bytes").get<long>());
  std::string line = row;
  if (count.contains("tokens")) {
    std::snprintf(row, sizeof row, " %12ld tokens, %.2f bytes a token",
                  count.at("tokens").get<long>(), count.at("bytes_per_token").get<double>());
    line += row;
  }
  return line + "\n";
}

}  // namespace

CleanOutput::CleanOutput(CleanOutputOptions o)
    : options(std::move(o)), lock(options.folder), atomic_save(options.folder),
      scratch_(options.folder / ".work"), tally(options.sources) {
  check_no_others(options.folder, options.shards);
  std::error_code ignored;
  const bool go_on = options.resume && fs::exists(scratch_ / kState, ignored);
  if (go_on) take_up(scratch_ / kState);
  else fs::remove_all(scratch_), fs::create_directory(scratch_);
  dropped = std::make_unique<AppendFile>(scratch_ / kDropped);
  for (Index shard = 0; shard < options.shards; ++shard)
    shards.push_back(
        std::make_unique<FileWriter>(atomic_save.file(shard_name(shard, options.shards))));
}

CleanOutput::~CleanOutput() {
  std::error_code ignored;
  if (!keep_scratch) fs::remove_all(scratch_, ignored);
}

void CleanOutput::take_up(const fs::path& state_file) {
  keep_scratch = true;
  const Json all = parse_json_or_discard<Json>(read_file(state_file), state_file.string());
  check(all.is_object() && all.contains("run"), state_file.string(),
        ": is damaged; start again without --resume");
  check(all.at("run") == options.run, options.folder.string(),
        ": the interrupted run had other flags or another input; give the same, or start again "
        "without --resume");
  tally.restore(all.at("tally"));
  dropped_bytes = all.at("dropped_bytes");
  const fs::path rows = scratch_ / kDropped;
  std::error_code failure;
  const std::uintmax_t there = fs::file_size(rows, failure), wanted = std::uintmax_t(dropped_bytes);
  check(!failure && there >= wanted, rows.string(), ": is cut off; start again without --resume");
  fs::resize_file(rows, wanted, failure);  // without what came after save()
  check(!failure, rows.string(), ": cannot be written (", failure.message(), ")");
  state = all.at("state");
}

const Json* CleanOutput::resumed() const { return state ? &*state : nullptr; }

void CleanOutput::save(const Json& now) {
  flush_dropped();
  dropped->flush();
  replace_file(scratch_ / kState, to_line({{"run", options.run},
                                           {"tally", tally.saved()},
                                           {"dropped_bytes", dropped_bytes},
                                           {"state", now}}));
  keep_scratch = true;
}

void CleanOutput::come_in(std::span<const InputDocument> documents) {
  for (const InputDocument& d : documents) tally.come_in(d.place, Index(d.text.size()));
}

void CleanOutput::keep(std::string_view line, std::string_view place, Index text_bytes) {
  constexpr std::size_t kMost = std::size_t(8) << 20;
  pending.push_back({std::string(line), std::string(place), text_bytes});
  pending_bytes += line.size() + place.size();
  if (pending_bytes >= kMost) write_pending();
}

void CleanOutput::write_pending() {
  std::vector<Index> tokens(pending.size());
  if (options.tokenizer)
    parallel_for(Index(pending.size()), 8, [&](Index i) {
      const std::string text = text_of_line(pending[std::size_t(i)].line);
      tokens[std::size_t(i)] = Index(options.tokenizer->encode(text).size());
    });
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const Pending& p = pending[i];
    tally.keep(p.place, p.text_bytes, tokens[i], [&] { return text_of_line(p.line); });
    FileWriter& shard =
        *shards[shards.size() == 1 ? 0 : std::size_t(text_hash(p.line) % shards.size())];
    shard.write(p.line.data(), p.line.size());
    shard.write("\n", 1);
  }
  pending.clear();
  pending_bytes = 0;
}

void CleanOutput::drop(const std::string& rule, std::string_view place, std::string_view text,
                       const Json& why, const Tally::Text& beside) {
  constexpr std::size_t kMost = std::size_t(256) << 10;
  tally.drop(rule, place, text, why, beside);
  Json row{{"document", place}, {"rule", rule}};
  row.update(why);
  row["begins"] = beginning_of(text, 200);
  held += to_line(row);
  if (held.size() >= kMost) flush_dropped();
}

void CleanOutput::flush_dropped() {
  dropped->append(held);
  dropped_bytes += Index(held.size());
  held.clear();
}

void CleanOutput::finish(const DocumentReader& reader, const Json& details, const Page& page) {
  write_pending();
  check(!tally.empty(), "found no document in the input",
        reader.skipped().empty() ? "" : "; the messages above say what was skipped");
  for (const auto& shard : shards) shard->finish();
  flush_dropped();
  copy_through(scratch_ / kDropped,
               atomic_save.file(kDropped));  // .work stays whole until commit()
  Json skipped = Json::object();
  for (const auto& [kind, count] : reader.skipped()) skipped[kind] = count;
  report = {{"input_bytes", reader.bytes()},
            {"malformed_sequences", reader.malformed()},
            {"skipped", skipped}};
  report.update(tally.report(options.tokenizer.has_value()));
  report.update(details);
  write_file(atomic_save.file("report.json"), report.dump(2) + "\n");
  if (page) write_file(atomic_save.file("report.html"), page(report, tally.samples()));
  atomic_save.commit();
  keep_scratch = false;
}

std::string CleanOutput::summary() const {
  std::string lines = table_row("came in", report.at("documents"));
  for (const auto& [kind, count] : report.at("skipped").items())
    lines += text("skipped, ", kind, ": ", count.get<Index>(), "\n");
  for (const auto& [rule, count] : report.at("dropped").items())
    lines += table_row("dropped, " + rule, count);
  lines += table_row("kept", report.at("kept"));
  Index changed =
      report.at("documents").at("bytes").get<Index>() - report.at("kept").at("bytes").get<Index>();
  for (const auto& [rule, count] : report.at("dropped").items())
    changed -= count.at("bytes").get<Index>();
  if (changed > 0) lines += text("removed from kept documents: ", changed, " bytes of text\n");
  if (report.at("sources").size() > 1)
    for (const auto& [source, part] : report.at("sources").items())
      lines += table_row("  of " + source, part.at("kept"));
  return lines;
}

}  // namespace seekling
