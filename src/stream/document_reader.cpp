#include "stream/document_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/parallel.h"
#include "data/find_files.h"
#include "system/file.h"
#include "unicode/text_file.h"
#include "unicode/unicode.h"

namespace seekling {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct DocumentReader::Piece {  // the bytes of one document as they are in the file
  std::string bytes = {}, place = {};
  bool json = false, cut = false;
  Index stored = 0;  // bytes of the file, with its line breaks
};

struct DocumentReader::Parsed {
  InputDocument document = {};
  const char* skipped = nullptr;  // the kind, if it is no document
  std::string sentence = {};
  Index malformed = 0;
};

namespace {

constexpr const char *kTooLong = "too long", *kNotJson = "not JSON", *kNoText = "no text",
                     *kBlank = "blank";

std::vector<std::string> endings() {
  std::vector<std::string> all;
  for (const std::string kind : {".txt", ".md", ".jsonl", ".ndjson", ".json"})
    for (const std::string packing : {"", ".gz", ".zst"}) all.push_back(kind + packing);
  return all;
}

std::vector<fs::path> files_of(const std::vector<fs::path>& paths, const Say& say) {
  check(!paths.empty(), "found no input; name files or folders of text, or - for standard input");
  std::vector<fs::path> files, passed_over;
  for (const fs::path& path : paths) {
    std::error_code ignored;
    check(path == "-" || fs::exists(path, ignored), path.string(),
          ": no such file or folder; give files or folders of text, or - for standard input");
    const auto found = fs::is_directory(path, ignored) ? files_below(path, endings(), passed_over)
                                                       : std::vector{path};
    files.insert(files.end(), found.begin(), found.end());
  }
  if (!passed_over.empty())
    say(text("note: skipped ", passed_over.size(),
             " files whose names are not those of text or JSON lines, such as ",
             passed_over.front().string()));
  return files;
}

bool blank(std::string_view bytes) { return bytes.find_first_not_of(" \t\r\n") == bytes.npos; }

// Whether a file holds JSON lines: by its name, or else by its first byte.
bool holds_json(const fs::path& path, std::string_view first_bytes) {
  fs::path name = path.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string ending = name.extension().string();
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return true;
  return ending != ".txt" && ending != ".md" && first_bytes.starts_with('{');
}

std::string beginning(std::string_view bytes) {
  constexpr std::size_t kShown = 40;
  return utf8_lossy(bytes.substr(0, kShown)) + (bytes.size() > kShown ? "..." : "");
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

DocumentReader::DocumentReader(Reading r, Say s)
    : reading(std::move(r)), say(std::move(s)), files(files_of(reading.paths, say)) {
  ahead = std::async(std::launch::async, [this] { return read_batch(); });
}

DocumentReader::~DocumentReader() {
  if (ahead.valid()) ahead.wait();  // its thread uses this object
}

bool DocumentReader::open_next_file() {
  if (next_file == files.size()) return false;
  const fs::path& path = files[next_file++];
  file = std::make_unique<LineReader>(path, reading.longest);
  json = holds_json(path, file->ahead());
  number = 0;
  std::string converted;
  text_in_file(file->ahead().substr(0, 4096), converted, file->name());
  check(converted.empty() || in_one_piece(), file->name(),
        ": is UTF-16 or UTF-32; convert it first: iconv -f UTF-16 -t UTF-8");
  return true;
}

bool DocumentReader::in_one_piece() const { return !json && reading.separator.empty(); }

std::string DocumentReader::whole_file() {
  std::string bytes = file->rest(), converted;
  const std::string_view text = text_in_file(bytes, converted, file->name());
  return converted.empty() ? std::string(text) : converted;
}

bool DocumentReader::read_piece(Piece& piece) {
  while (!file || file->ahead().empty())
    if (!open_next_file()) return false;
  piece.json = json;
  ++number;
  piece.place = in_one_piece() ? file->name() : text(file->name(), ":", number);
  const Index before = file->bytes();
  if (in_one_piece()) {
    piece.bytes = whole_file();
    piece.cut = file->was_cut();
  } else if (json) {
    file->next(piece.bytes);
    piece.cut = file->was_cut();
  } else {
    for (std::string line; file->next(line) && line != reading.separator;) {
      piece.cut =
          piece.cut || file->was_cut() || Index(piece.bytes.size() + line.size()) > reading.longest;
      if (!piece.cut) piece.bytes += line + "\n";
    }
  }
  piece.stored = file->bytes() - before;
  return true;
}

DocumentReader::Batch DocumentReader::read_batch() {
  Batch batch;
  std::size_t held = 0;
  for (Piece piece; held < reading.batch && read_piece(piece); piece = {}) {
    batch.bytes += piece.stored;
    held += piece.bytes.size() + sizeof piece;
    batch.pieces.push_back(std::move(piece));
  }
  return batch;
}

DocumentReader::Parsed DocumentReader::parse_text(const Piece& piece) const {
  Parsed parsed;
  parsed.malformed = count_malformed(piece.bytes);
  parsed.document.text = utf8_lossy(piece.bytes);
  parsed.document.line = dump({{"text", parsed.document.text}, {"source", piece.place}});
  return parsed;
}

DocumentReader::Parsed DocumentReader::parse_json(const Piece& piece) const {
  Parsed parsed;

  // Drop the byte-order mark and line end, and repair malformed UTF-8.
  std::string_view line = piece.bytes;
  if (piece.place.ends_with(":1") && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  std::string mended;
  if ((parsed.malformed = count_malformed(line)) > 0) line = mended = utf8_lossy(line);

  // The line must be an object with a text.
  Json object = parse_json_or_discard<Json>(line, piece.place);
  if (object.is_discarded()) {
    parsed.skipped = kNotJson;
    parsed.sentence = text("found ", beginning(line),
                           ", which is not JSON, or nests too deep; expected one object per line");
    return parsed;
  }
  const auto found = object.is_object() ? object.find(reading.text_field) : object.end();
  if (found == object.end() || !found->is_string()) {
    parsed.skipped = kNoText;
    parsed.sentence = text("found ", beginning(line), ", which has no text under the key \"",
                           reading.text_field, "\"; --text-field names another key");
    return parsed;
  }

  // Keep the other keys; the text is always under "text".
  parsed.document.text = std::move(found->get_ref<std::string&>());
  if (reading.text_field == "text") {
    parsed.document.line = line;
  } else {
    object.erase(reading.text_field);
    Json renamed{{"text", parsed.document.text}};
    for (const auto& [key, value] : object.items())
      if (key != "text") renamed[key] = value;
    parsed.document.line = dump(renamed);
  }
  return parsed;
}

DocumentReader::Parsed DocumentReader::parse(Piece& piece) const {
  Parsed parsed;
  if (piece.cut) {
    parsed.skipped = kTooLong;
    parsed.sentence = text("is longer than ", reading.longest, " bytes",
                           piece.json ? ""
                                      : "; --separator names the line between the documents "
                                        "of a text file");
  } else if (blank(piece.bytes)) {
    parsed.skipped = kBlank;
  } else {
    parsed = piece.json ? parse_json(piece) : parse_text(piece);
    if (!parsed.skipped && blank(parsed.document.text)) parsed.skipped = kBlank;
  }
  parsed.document.place = std::move(piece.place);
  return parsed;
}

nlohmann::ordered_json DocumentReader::state() const {
  return {{"batches", batches},
          {"documents", given},
          {"bytes", read},
          {"malformed", malformed_},
          {"skipped", skips}};
}

void DocumentReader::resume(const nlohmann::ordered_json& state) {
  for (const Index done = state.at("batches"); batches < done; ++batches) {
    check(!ahead.get().pieces.empty(),
          "the input ends before the point that the interrupted run had reached; give the same "
          "input, or start again without --resume");
    ahead = std::async(std::launch::async, [this] { return read_batch(); });
  }
  given = state.at("documents");
  read = state.at("bytes");
  malformed_ = state.at("malformed");
  skips = state.at("skipped").get<std::map<std::string, Index>>();
}

std::uint64_t DocumentReader::fingerprint() const {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
  const auto add = [&](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  };
  for (const fs::path& path : files) {
    std::error_code ignored;  // of standard input, which has neither
    const auto changed = fs::last_write_time(path, ignored).time_since_epoch().count();
    add(text(path.string(), '\n', fs::file_size(path, ignored), '\n', changed, '\n'));
  }
  return hash;
}

void DocumentReader::skip(const char* kind, const std::string& sentence) {
  if (++skips[kind] == 1 && kind != std::string_view(kBlank)) say(sentence);
}

std::vector<InputDocument> DocumentReader::next() {
  std::vector<InputDocument> documents;
  while (documents.empty()) {
    Batch batch = ahead.get();
    if (batch.pieces.empty()) {
      ahead = std::async(std::launch::deferred, [] { return Batch(); });
      break;
    }
    ahead = std::async(std::launch::async, [this] { return read_batch(); });
    ++batches;
    read += batch.bytes;
    std::vector<Parsed> parsed(batch.pieces.size());
    parallel_for(Index(parsed.size()), 16,
                 [&](Index i) { parsed[std::size_t(i)] = parse(batch.pieces[std::size_t(i)]); });
    for (Parsed& p : parsed) {
      malformed_ += p.malformed;
      if (p.skipped) skip(p.skipped, p.document.place + ": " + p.sentence + "; it is skipped");
      else documents.push_back(std::move(p.document));
    }
  }
  given += Index(documents.size());
  return documents;
}

}  // namespace seekling
